// currval() and lastval(): see sequence_home.h.

#include <utility>

#include "router/session.h"
#include "wire/frontend.h"

namespace pgbraid::router {
namespace {

constexpr std::string_view kOthersTurn =
    "Another session has advanced or discarded sequences since on the server "
    "connection of this session's last nextval.";

Status NotKnown(std::string_view why) {
  return SqlError(
      "55000", "currval and lastval of this session are not known any more",
      why, "Use RETURNING, or run both statements in one transaction.");
}

}  // namespace

Status Session::CheckSequences(const Plan& plan,
                               const HeldLease& target) const {
  if (!plan.reads_sequence || !sequence_home_ || target.standby ||
      sequence_home_.IsAt(*target.lease.get())) {
    return OkStatus();
  }
  return NotKnown(
      sequence_home_.connection == target.lease->id
          ? kOthersTurn
          : "This session's last nextval ran on another server connection "
            "than its transaction.");
}

pool::SequenceWish Session::WishFor(int shard, int host, bool advances) const {
  bool near = sequence_home_.shard == shard && sequence_home_.host == host;
  return {near ? sequence_home_.connection : 0, advances};
}

net::Task<StatusOr<HeldLease>> Session::BorrowSequenceHome(TimePoint deadline) {
  const SequenceHome home = sequence_home_;
  HeldLease held;
  held.shard = home.shard;
  held.host = home.host;
  pool::HostPool* pool = worker_->shard(home.shard)->pool(home.host);
  held.lease =
      co_await pool->AcquireOnly(home.connection, deadline, &interrupt_);
  if (interrupt_.raised()) co_return pool::Interrupt::Error();
  if (!held) {
    co_return NotKnown(
        "The server connection of this session's last nextval is closed, or "
        "not free in time.");
  }
  if (!home.IsAt(*held.lease.get())) {
    co_return NotKnown(kOthersTurn);
  }
  const pool::EnvironmentRef& there = held->environment;
  if (there == nullptr || !state_->settings.session->CanFollow(*there)) {
    co_return NotKnown(
        "Another session has made a setting on the server connection of this "
        "session's last nextval that can not be taken back.");
  }
  co_return held;
}

void Session::DefineCustomOf(const Translation& translation) {
  for (const ClientStatementRef& executed : translation.executed) {
    if (executed == nullptr) continue;
    const auto& query = executed->prepared->recognized.query;
    if (query != nullptr) state_->DefineCustom(*query);
  }
}

bool Session::TakeSequenceTurn(const Plan& plan) {
  pool::ServerConnection* connection = held_.lease.get();
  if (!plan.advances_sequence && !plan.reads_sequence) return false;
  if (held_.standby || state_->status() == wire::TransactionStatus::kFailed) {
    return false;
  }
  uint64_t* last_turn = &worker_->tables()->last_sequence_turn;
  if (sequence_home_.IsAt(*connection)) {
    if (plan.advances_sequence) {
      sequence_home_.turn = connection->sequence_turn = ++*last_turn;
    }
    return false;
  }
  bool discards = connection->has_sequences;
  if (!plan.advances_sequence && !discards) return false;
  connection->sequence_turn = ++*last_turn;
  connection->sequence_owner.reset();
  connection->has_sequences = plan.advances_sequence;
  if (plan.advances_sequence) {
    sequence_home_ = {held_.shard, held_.host, connection->id,
                      connection->sequence_turn, std::make_shared<bool>()};
    connection->sequence_owner = sequence_home_.owner;
  }
  return discards;
}

void Session::AppendSequenceTurn(const Plan& plan, std::string* out,
                                 Exchange* exchange) {
  if (TakeSequenceTurn(plan)) AppendPrefix("DISCARD SEQUENCES", out, exchange);
}

}  // namespace pgbraid::router
