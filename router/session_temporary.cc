// Reads of a session that keeps its connection, and that go to a standby all
// the same, since they have no part in what is kept.

#include <utility>

#include "router/session.h"

namespace pgbraid::router {
namespace {

constexpr Duration kAskTimeout = std::chrono::seconds(5);

constexpr PinReasons kTemporary = PinBit(sql::Pin::kTemporaryObject);

// What is kept for these is reached by statements that no standby gets: FETCH,
// pg_advisory_unlock(), UNLISTEN, lo_read().
constexpr PinReasons kReadsCanMiss =
    PinBit(sql::Pin::kHoldCursor) | PinBit(sql::Pin::kAdvisoryLock) |
    PinBit(sql::Pin::kListen) | PinBit(sql::Pin::kLargeObject);

bool DependsOnPath(const RoutedQuery& query) {
  for (const sql::Statement& statement : query.statements()) {
    if (statement.depends_on_path) return true;
  }
  return false;
}

bool ReadsSetting(const RoutedQuery& query) {
  for (const sql::Statement& statement : query.statements()) {
    if (statement.reads_setting) return true;
  }
  return false;
}

}  // namespace

bool Session::KeepsOnlyWhatReadsCanMiss() const {
  constexpr PinReasons kMissed =
      kReadsCanMiss | kTemporary | kPinUnknownSettings;
  if ((state_->pins & ~kMissed) != 0) return false;
  // Who waits for a standby's connection must not keep one: two such sessions
  // could wait for each other.
  return !state_->in_transaction() && !held_ && pinned_.size() == 1 &&
         !pinned_.front().standby && worker_->map().shard_count() == 1;
}

bool Session::MayReadApart(const RoutedQuery& query, std::string_view text,
                           const Translation* translation) const {
  if (!KeepsOnlyWhatReadsCanMiss()) return false;
  const bool temporary = (state_->pins & kTemporary) != 0;
  const bool settings = (state_->pins & kPinUnknownSettings) != 0;
  const TemporaryNames* names = state_->temporary_names.get();
  const sql::LexerModes modes = state_->context->modes;
  const auto misses = [&](const RoutedQuery& read, std::string_view its_text) {
    if (settings && ReadsSetting(read)) return false;
    return !temporary || (names != nullptr && !DependsOnPath(read) &&
                          !names->MayMean(its_text, modes));
  };
  if (!misses(query, text)) return false;
  if (translation == nullptr) return true;
  for (const ClientStatementRef& executed : translation->executed) {
    if (executed == nullptr) continue;
    const PreparedRef& prepared = executed->prepared;
    if (prepared->recognized.query == nullptr ||
        !misses(*prepared->recognized.query, prepared->text)) {
      return false;
    }
  }
  return true;
}

bool Session::HasStandby() {
  bool must_wait = false;
  pool::SessionFreshness copy = state_->freshness(0);
  return worker_->shard(0)->TryChooseStandby(state_->consistency(), &copy,
                                             &must_wait) >= 0 ||
         must_wait;
}

bool Session::WantsTemporaryNames(const RoutedQuery& query) {
  if ((state_->pins & kTemporary) == 0 || state_->temporary_names != nullptr ||
      !KeepsOnlyWhatReadsCanMiss() || DependsOnPath(query)) {
    return false;
  }
  for (const sql::Statement& statement : query.statements()) {
    bool executes =
        statement.prepared_use.action == sql::PreparedUse::Action::kExecute;
    if (!statement.standby_safe && !executes) return false;
  }
  return HasStandby();
}

net::Task<void> Session::LearnTemporaryNames() {
  client_.Keep();
  held_ = std::move(pinned_.front());
  pinned_.clear();
  co_await held_.lease.pool()->AwaitCancelEnd(held_.lease.get());
  auto answer = co_await held_->Run(TemporaryNames::Question(),
                                    worker_->reactor()->now() + kAskTimeout);
  held_->stream->Attach(client_.waiter());
  state_->temporary_names =
      answer.ok() ? std::make_unique<const TemporaryNames>(answer->rows)
                  : std::make_unique<const TemporaryNames>();
  TellHeard();
  ReleaseLease();
}

}  // namespace pgbraid::router
