// How a session gets the server connection that a plan asks for.

#include <algorithm>
#include <utility>

#include "router/session.h"
#include "wire/backend.h"
#include "wire/frontend.h"

namespace pgbraid::router {
namespace {

constexpr Duration kCatalogWait = std::chrono::seconds(2);

// For the settings of a session on a connection that was idle. Not what is left
// of the client's wait for it: that may be less than a roundtrip takes.
constexpr Duration kSyncTimeout = std::chrono::seconds(2);

// Whether a server connection that could not be had may be had a little later:
// the server was not reached, is starting or stopping, or had no place.
bool IsWorthARetry(std::string_view error) {
  return error.substr(0, 2) == "08" || error.substr(0, 3) == "57P" ||
         error == sqlstate::kTooManyConnections;
}

}  // namespace

const StatementContextRef& Session::Context() {
  SessionState& state = *state_;
  const RoutingSnapshotRef& snapshot = *state.identity->snapshot;
  if (state.context == nullptr || state.context->snapshot != snapshot ||
      state.context->environment != state.settings.effective ||
      state.context->parameters != state.told) {
    state.context = worker_->recognizer()->ContextFor(
        state.identity->database, state.identity->server_user,
        state.settings.effective, state.told, snapshot);
  }
  return state.context;
}

net::Task<Status> Session::AwaitCatalogs() {
  // Where everything is on one shard, old catalogs only mean more primary.
  if (worker_->map().shard_count() == 1 || state_->identity->catalogs_fresh()) {
    co_return OkStatus();
  }
  client_.Keep();
  bool fresh = co_await worker_->AwaitCovered(
      state_->identity->database,
      state_->identity->marks->load(std::memory_order_acquire),
      worker_->reactor()->now() + kCatalogWait, &interrupt_);
  if (interrupt_.raised()) co_return pool::Interrupt::Error();
  if (fresh) co_return OkStatus();
  co_return SqlError(sqlstate::kCannotConnectNow,
                     "the catalogs are still being read after a change",
                     "Until then it is not known which shards a statement "
                     "reaches.");
}

bool Session::NewerCatalogsMayHelp(const Recognized& recognized) {
  ClientIdentity* identity = state_->identity;
  if (worker_->map().shard_count() > 1 || state_->has_needed_catalogs() ||
      identity->waited_in_vain == (*identity->snapshot)->epoch) {
    return false;
  }
  const sql::Statement* statement = recognized.query->single();
  if (statement == nullptr ||
      !(statement->standby_safe || statement->unresolved) ||
      !(statement->kind == sql::Kind::kSelect ||
        statement->kind == sql::Kind::kExplain ||
        (statement->kind == sql::Kind::kCopy && !statement->copy_from))) {
    return false;
  }
  if ((state_->pins != 0 && !KeepsOnlyWhatReadsCanMiss()) ||
      server_in_transaction() ||
      (state_->in_transaction() && !state_->transaction()->read_only) ||
      state_->consistency() == pool::Consistency::kStrong) {
    return false;
  }
  return HasStandby();
}

net::Task<void> Session::AwaitNewerCatalogs() {
  client_.Keep();
  ClientIdentity* identity = state_->identity;
  bool fresh = co_await worker_->AwaitCovered(
      identity->database, state_->needed_mark(),
      worker_->reactor()->now() + worker_->options().catalog_wait, &interrupt_);
  if (!fresh) identity->waited_in_vain = (*identity->snapshot)->epoch;
}

Plan Session::Restrict(Plan plan, bool apart) const {
  if (plan.refused()) return plan;
  auto refuse = [&](std::string_view what, std::string_view why) {
    plan.kind = Plan::Kind::kRefused;
    plan.refusal = SqlError(sqlstate::kFeatureNotSupported, what, why);
    return plan;
  };
  auto keep_off_standbys = [&](std::string_view why) {
    if (plan.standby) plan.reason = why;
    plan.standby = false;
  };
  if (worker_->map().shard_count() == 1 && !state_->has_needed_catalogs()) {
    keep_off_standbys("primary: the catalogs are being read after a change");
  }
  if (state_->in_transaction()) {
    if (plan.kind == Plan::Kind::kScatter) {
      return refuse(
          "a statement over several shards inside a transaction is not "
          "supported",
          "A transaction stays on one shard.");
    }
    const Transaction* transaction = state_->transaction();
    if (server_in_transaction()) {
      keep_off_standbys("stays with its transaction");
    } else if (!transaction->read_only) {
      keep_off_standbys("primary: its transaction may write");
    } else if (transaction->isolation ==
               sql::Statement::Isolation::kSerializable) {
      keep_off_standbys("primary: its transaction is serializable");
    }
  }
  if (state_->pins != 0 && !apart) {
    keep_off_standbys("stays with the connection that its session keeps");
  }
  if (state_->settings.session->serializable()) {
    keep_off_standbys("primary: transactions are serializable");
  }
  if (server_in_transaction() && held_.standby && plan.differs_in_recovery &&
      !plan.exports_snapshot &&
      state_->status() == wire::TransactionStatus::kInTransaction) {
    plan.kind = Plan::Kind::kRefused;
    plan.refusal = SqlError(
        sqlstate::kReadOnlySqlTransaction,
        "cannot be done in a read-only transaction that runs on a standby",
        plan.reason,
        "Begin the transaction on the primary: READ WRITE, or after SET "
        "pgbraid.consistency = 'strong'.");
    return plan;
  }
  if (server_in_transaction() && plan.kind == Plan::Kind::kOneShard &&
      plan.shard() != held_.shard) {
    return refuse("a transaction over several shards is not supported",
                  "It is on shard " +
                      worker_->map().shards()[held_.shard].name +
                      ", the statement needs shard " +
                      worker_->map().shards()[plan.shard()].name + ".");
  }
  if (plan.exports_snapshot && server_in_transaction() && held_.standby) {
    refuse("a snapshot can't be exported by a transaction on a standby",
           "Transactions that use a snapshot run on the primary.");
    plan.refusal =
        SqlError(SqlStateOf(plan.refusal), MessageOf(plan.refusal),
                 DetailOf(plan.refusal),
                 "Call pg_export_snapshot() first in the transaction, or SET "
                 "pgbraid.consistency = 'strong' before it.");
    return plan;
  }
  if (plan.consistency.value_or(state_->consistency()) ==
      pool::Consistency::kStrong) {
    keep_off_standbys("primary: consistency is strong");
  }
  return plan;
}

pool::Consistency Session::ReadsOf(const Plan& plan) const {
  if (!plan.standby) return pool::Consistency::kStrong;
  return plan.consistency.value_or(state_->consistency());
}

int Session::ShardOf(const Plan& plan) const {
  if (held_) return held_.shard;
  if (plan.kind == Plan::Kind::kOneShard) return plan.shard();
  return pinned_.empty() ? 0 : pinned_.front().shard;
}

bool Session::TryAcquire(int shard, pool::Consistency reads, bool advances) {
  if (held_) return held_->cancel == pool::CancelProgress::kNone;
  if (!pinned_.empty() && reads == pool::Consistency::kStrong) return false;
  pool::ShardHosts* hosts = worker_->shard(shard);
  int host = -1;
  if (reads != pool::Consistency::kStrong) {
    bool must_wait = false;
    host =
        hosts->TryChooseStandby(reads, &state_->freshness(shard), &must_wait);
    if (host < 0 && must_wait) return false;
  }
  bool on_standby = host >= 0;
  if (!on_standby && !pinned_.empty()) return false;
  if (!on_standby) host = hosts->primary();
  if (host < 0) return false;
  const pool::Environment* wanted =
      (state_->transaction() != nullptr
           ? state_->transaction()->at_begin.session
           : state_->settings.session)
          .get();
  held_.lease =
      hosts->pool(host)->TryAcquire(state_->identity->servers[shard].get(),
                                    wanted, WishFor(shard, host, advances));
  if (!held_) return false;
  if (held_->environment.get() != wanted ||
      held_->incarnation != hosts->incarnation(host)) {
    held_ = HeldLease();
    return false;
  }
  if (state_->listening != nullptr && held_->others_wrote) {
    held_ = HeldLease();
    return false;
  }
  held_.shard = shard;
  held_.host = host;
  held_.standby = on_standby;
  held_.apart = !pinned_.empty();
  held_->stream->Attach(client_.waiter());
  if (held_->parameters != state_->told) TellParameters(*held_.lease.get());
  return true;
}

HeldLease Session::TakePinned(int shard) {
  HeldLease taken;
  for (size_t i = 0; i < pinned_.size(); ++i) {
    if (pinned_[i].shard != shard) continue;
    taken = std::move(pinned_[i]);
    taken.pinned = true;
    pinned_.erase(pinned_.begin() + static_cast<ptrdiff_t>(i));
    break;
  }
  return taken;
}

net::Task<Status> Session::AcquireFor(const Plan& plan) {
  int shard = ShardOf(plan);
  bool home =
      plan.reads_sequence && sequence_home_ && !held_ && pinned_.empty();
  if (home && plan.kind == Plan::Kind::kAnyShard) shard = sequence_home_.shard;
  home &= shard == sequence_home_.shard;
  bool advances = plan.advances_sequence;
  if (!home && TryAcquire(shard, ReadsOf(plan), advances)) {
    co_return OkStatus();
  }
  co_return co_await Acquire(shard, ReadsOf(plan), advances, home);
}

net::Task<Status> Session::Acquire(int shard, pool::Consistency reads,
                                   bool advances, bool sequence_home) {
  client_.Keep();
  if (held_) {
    // A cancel request for the statement before must not hit the next one.
    co_await held_.lease.pool()->AwaitCancelEnd(held_.lease.get());
    held_->stream->Attach(client_.waiter());
    co_return OkStatus();
  }
  TimePoint deadline =
      worker_->reactor()->now() + worker_->options().checkout_timeout;
  if (!pinned_.empty() && reads != pool::Consistency::kStrong) {
    held_ = co_await BorrowStandby(shard, reads, deadline);
    held_.apart = static_cast<bool>(held_);
  }
  for (size_t i = 0; !held_ && i < pinned_.size(); ++i) {
    if (pinned_[i].shard != shard) continue;
    held_ = std::move(pinned_[i]);
    pinned_.erase(pinned_.begin() + static_cast<ptrdiff_t>(i));
    co_await held_.lease.pool()->AwaitCancelEnd(held_.lease.get());
  }
  if (!held_ && sequence_home) {
    auto borrowed = co_await BorrowSequenceHome(deadline);
    if (!borrowed.ok()) co_return borrowed.status();
    held_ = *std::move(borrowed);
  }
  if (!held_) {
    auto borrowed = co_await BorrowReady(shard, reads, deadline, advances);
    if (!borrowed.ok()) co_return borrowed.status();
    held_ = *std::move(borrowed);
  } else {
    Status status = co_await SyncEnvironment(held_.lease.get());
    if (!status.ok()) {
      held_ = HeldLease();
      co_return status;
    }
  }
  TellHeard();
  co_await LearnWhoNotifies();
  held_->stream->Attach(client_.waiter());
  TellParameters(*held_.lease.get());
  if (interrupt_.raised() && !state_->in_transaction()) {
    ReleaseLease();
    co_return pool::Interrupt::Error();
  }
  co_return OkStatus();
}

net::Task<HeldLease> Session::BorrowStandby(int shard, pool::Consistency reads,
                                            TimePoint deadline) {
  pool::ShardHosts* hosts = worker_->shard(shard);
  HeldLease held;
  held.shard = shard;
  held.host = co_await hosts->ChooseStandby(reads, &state_->freshness(shard),
                                            &interrupt_);
  if (held.host < 0) co_return held;
  auto lease = co_await hosts->pool(held.host)->Acquire(
      state_->identity->servers[shard].get(), state_->settings.session.get(),
      deadline, &interrupt_);
  if (interrupt_.raised()) co_return held;
  // The life that was proven fresh enough: it may have ended meanwhile.
  if (lease.ok() &&
      (*lease)->incarnation == state_->freshness(shard).incarnation) {
    held.lease = *std::move(lease);
    held.standby = true;
    co_return held;
  }
  if (lease.ok()) (*lease)->retired = true;
  hosts->Suspect(held.host);
  co_return held;
}

net::Task<StatusOr<HeldLease>> Session::Borrow(int shard,
                                               pool::Consistency reads,
                                               TimePoint deadline,
                                               bool advances) {
  pool::ShardHosts* hosts = worker_->shard(shard);
  const pool::Identity* identity = state_->identity->servers[shard].get();
  const pool::Environment* wanted = state_->settings.session.get();
  client_.Keep();
  HeldLease held;
  held.shard = shard;
  if (reads != pool::Consistency::kStrong) {
    held = co_await BorrowStandby(shard, reads, deadline);
    if (interrupt_.raised()) co_return pool::Interrupt::Error();
    if (held) co_return held;
  }
  for (;;) {
    auto primary = co_await hosts->AwaitPrimary(deadline, &interrupt_);
    if (!primary.ok()) co_return primary.status();
    held.host = *primary;
    auto lease = co_await hosts->pool(held.host)->Acquire(
        identity, wanted, deadline, &interrupt_,
        WishFor(shard, held.host, advances));
    bool role_fits = lease.ok() && !(*lease)->in_recovery_at_login &&
                     hosts->Reigns(held.host);
    if (role_fits) {
      held.lease = *std::move(lease);
      co_return held;
    }
    std::string error;
    if (lease.ok()) {
      (*lease)->retired = true;
    } else {
      error = SqlStateOf(lease.status());
      if (!IsWorthARetry(error)) co_return lease.status();
    }
    // A server that is full is there.
    if (error != sqlstate::kTooManyConnections) hosts->Suspect(held.host);
    // A failover may be under way: another primary may come up in time.
    TimePoint retry =
        worker_->reactor()->clock()->Now() + std::chrono::milliseconds(50);
    if (retry >= deadline) {
      if (!lease.ok()) co_return lease.status();
      co_return SqlError(sqlstate::kCannotConnectNow,
                         "the primary of shard " +
                             worker_->map().shards()[shard].name +
                             " became a standby");
    }
    co_await net::SleepUntil(worker_->reactor(), retry);
  }
}

net::Task<StatusOr<HeldLease>> Session::BorrowReady(int shard,
                                                    pool::Consistency reads,
                                                    TimePoint deadline,
                                                    bool advances) {
  for (;;) {
    auto borrowed = co_await Borrow(shard, reads, deadline, advances);
    if (!borrowed.ok()) co_return borrowed.status();
    Status status = co_await SyncEnvironment(borrowed->lease.get());
    if (status.ok()) co_return borrowed;
    // Nothing of the client's was on it: another will do.
    if (!IsWorthARetry(SqlStateOf(status)) ||
        worker_->reactor()->now() >= deadline) {
      co_return status;
    }
  }
}

net::Task<Status> Session::SyncEnvironment(pool::ServerConnection* connection) {
  pool::EnvironmentRef wanted = state_->transaction() != nullptr
                                    ? state_->transaction()->at_begin.session
                                    : state_->settings.session;
  if (connection->environment == wanted ||
      connection->transaction_status != wire::TransactionStatus::kIdle) {
    co_return OkStatus();
  }
  std::string sql;
  if (connection->environment == nullptr) {
    // Not known: from the login's defaults on.
    sql = "RESET ROLE;RESET SESSION AUTHORIZATION;RESET ALL";
    std::string rest =
        wanted->Transition(*worker_->tables()->environments.empty());
    if (!rest.empty()) sql += ";" + rest;
  } else {
    sql = wanted->Transition(*connection->environment);
  }
  if (!sql.empty()) {
    client_.Keep();
    auto done = co_await connection->Run(
        std::move(sql), worker_->reactor()->now() + kSyncTimeout);
    if (!done.ok()) {
      connection->retired = true;
      co_return done.status();
    }
  }
  connection->environment = wanted;
  co_return OkStatus();
}

void Session::TellParameters(const pool::ServerConnection& connection) {
  std::string messages = state_->Tell(connection.parameters);
  if (!messages.empty()) client_.Send(messages);
}

void Session::AppendDeferred(std::string* out, Exchange* exchange) {
  Transaction* transaction = state_->transaction();
  if (transaction == nullptr || server_in_transaction()) return;
  for (size_t i = 0; i < transaction->deferred.size(); ++i) {
    if (i == 0) {
      AppendBegin(transaction->deferred[i], out, exchange);
    } else {
      AppendPrefix(transaction->deferred[i], out, exchange);
    }
  }
  transaction->joined = true;
}

void Session::AppendBegin(std::string_view statement, std::string* out,
                          Exchange* exchange) {
  held_->unnamed_statement = 0;
  wire::AppendRunUnnamed(statement, out);
  Expected expected;
  expected.what = Expected::What::kExecute;
  expected.hidden = true;
  expected.begins = true;
  exchange->Expect(std::move(expected));
}

void Session::AppendPrefix(std::string_view statement, std::string* out,
                           Exchange* exchange) {
  held_->unnamed_statement = 0;
  wire::AppendQuery(statement, out);
  Expected expected;
  expected.what = Expected::What::kQuery;
  expected.hidden = true;
  expected.prefix = true;
  ++held_->prefix;
  exchange->Expect(std::move(expected));
}

}  // namespace pgbraid::router
