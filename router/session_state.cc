#include "router/session_state.h"

#include <algorithm>

namespace pgbraid::router {
namespace {

struct PinName {
  PinReasons bit;
  std::string_view name;
};

constexpr PinName kPinNames[] = {
    {PinBit(sql::Pin::kTemporaryObject), "temporary object"},
    {PinBit(sql::Pin::kHoldCursor), "cursor with hold"},
    {PinBit(sql::Pin::kAdvisoryLock), "session advisory lock"},
    {PinBit(sql::Pin::kListen), "LISTEN"},
    {PinBit(sql::Pin::kLoad), "LOAD"},
    {PinBit(sql::Pin::kLargeObject), "large object"},
    {PinBit(sql::Pin::kRandomSeed), "setseed"},
    {kPinSqlPrepared, "PREPARE"},
    {kPinSessionPooling, "session pooling"},
};

}  // namespace

std::string DescribePins(PinReasons reasons) {
  std::string text;
  for (const PinName& pin : kPinNames) {
    if ((reasons & pin.bit) == 0) continue;
    if (!text.empty()) text += ", ";
    text += pin.name;
  }
  return text;
}

SessionState::SessionState(pool::EnvironmentTable* environments,
                           ClientIdentity* who, pool::Consistency level,
                           int shard_count)
    : settings{environments->empty(), environments->empty()},
      startup(environments->empty()),
      identity(who),
      consistency(level),
      environments_(environments),
      shard_count_(shard_count) {}

pool::SessionFreshness& SessionState::freshness(int shard) {
  if (freshness_ == nullptr) {
    freshness_ = std::make_unique<pool::SessionFreshness[]>(
        static_cast<size_t>(shard_count_));
  }
  return freshness_[shard];
}

Transaction& SessionState::EnsureTransaction() {
  if (transaction_ == nullptr) {
    transaction_ = std::make_unique<Transaction>();
    transaction_->at_begin = settings;
  }
  return *transaction_;
}

void SessionState::BeginDeferred(const sql::Statement& statement,
                                 std::string text) {
  Transaction& transaction = EnsureTransaction();
  transaction.deferred.push_back(std::move(text));
  transaction.read_only = statement.read_only;
  transaction.isolation = statement.isolation;
  status_ = wire::TransactionStatus::kInTransaction;
}

void SessionState::EndDeferred(bool commit) {
  End(commit, false);
  status_ = wire::TransactionStatus::kIdle;
}

void SessionState::End(bool committed, bool chain) {
  if (committed) {
    settings.effective = settings.session;
  } else if (transaction_ != nullptr) {
    settings = transaction_->at_begin;
  }
  if (!chain || transaction_ == nullptr) {
    transaction_ = nullptr;
    return;
  }
  transaction_->at_begin = settings;
  transaction_->savepoints.clear();
  transaction_->portals.clear();
}

void SessionState::RollBackTo(const std::string& savepoint) {
  if (transaction_ == nullptr) return;
  auto& list = transaction_->savepoints;
  for (size_t i = list.size(); i-- > 0;) {
    if (list[i].first != savepoint) continue;
    settings = list[i].second;
    list.resize(i + 1);
    return;
  }
}

void SessionState::Release(const std::string& savepoint) {
  if (transaction_ == nullptr) return;
  auto& list = transaction_->savepoints;
  for (size_t i = list.size(); i-- > 0;) {
    if (list[i].first != savepoint) continue;
    list.resize(i);
    return;
  }
}

void SessionState::ApplySetting(const sql::SettingChange& change,
                                pool::ServerConnection* connection) {
  if (change.name == "*") {
    // RESET ALL leaves the roles as they are.
    auto reset = [&](const pool::EnvironmentRef& from) {
      pool::EnvironmentRef base = startup;
      for (std::string_view name : {"session_authorization", "role"}) {
        const pool::Setting* role = from->Find(name);
        if (role != nullptr) base = environments_->With(base, *role);
      }
      return base;
    };
    settings = {reset(settings.session), reset(settings.effective)};
    if (connection != nullptr) connection->environment = nullptr;
    return;
  }
  auto apply = [&](const pool::EnvironmentRef& base) {
    if (!change.reset) {
      return environments_->With(
          base, pool::Setting{change.name, change.value, change.replay});
    }
    const pool::Setting* at_start = startup->Find(change.name);
    return at_start != nullptr ? environments_->With(base, *at_start)
                               : environments_->Without(base, change.name);
  };
  if (change.reset && startup->Find(change.name) != nullptr &&
      connection != nullptr) {
    // The server went back to its own default, not to the client's.
    connection->environment = nullptr;
  }
  settings.effective = apply(settings.effective);
  if (change.scope == sql::SettingChange::Scope::kSession) {
    settings.session = apply(settings.session);
  }
}

void SessionState::DiscardAll(pool::ServerConnection* connection) {
  settings.session = settings.effective = startup;
  prepared = nullptr;
  unnamed = nullptr;
  pins &= kPinSessionPooling;
  if (connection != nullptr) {
    connection->environment = nullptr;
    connection->prepared.Clear();
    connection->unnamed_statement = 0;
  }
}

void SessionState::Completed(const sql::Statement& statement,
                             std::string_view tag,
                             pool::ServerConnection* connection) {
  switch (statement.kind) {
    case sql::Kind::kBegin:
      EnsureTransaction();
      break;
    case sql::Kind::kCommit:
    case sql::Kind::kRollback:
      End(tag == "COMMIT", statement.chain);
      break;
    case sql::Kind::kPrepareTransaction:
      End(true, false);
      break;
    case sql::Kind::kSavepoint:
      EnsureTransaction().savepoints.emplace_back(statement.name, settings);
      break;
    case sql::Kind::kRelease:
      Release(statement.name);
      break;
    case sql::Kind::kRollbackTo:
      RollBackTo(statement.name);
      break;
    case sql::Kind::kDiscard:
      if (statement.discard_all) DiscardAll(connection);
      break;
    case sql::Kind::kDeallocate:
      if (!statement.name.empty()) break;
      prepared = nullptr;
      pins &= ~kPinSqlPrepared;
      if (connection != nullptr) connection->prepared.Clear();
      break;
    case sql::Kind::kPrepare:
      pins |= kPinSqlPrepared;
      break;
    default:
      break;
  }
  for (const sql::SettingChange& change : statement.settings) {
    ApplySetting(change, connection);
  }
  pins |= PinBit(statement.pin);
  changed_catalog |= statement.changes_catalog;
  if (connection != nullptr &&
      (statement.taints || (statement.unpins && pins != 0))) {
    connection->tainted = true;
  }
}

void SessionState::Ready(wire::TransactionStatus status, bool failed,
                         const Settings& before) {
  status_ = status;
  if (status == wire::TransactionStatus::kIdle) {
    if (failed) {
      // An implicit transaction was rolled back with all its settings.
      settings = transaction_ != nullptr ? transaction_->at_begin : before;
    }
    settings.effective = settings.session;
    transaction_ = nullptr;
  } else {
    EnsureTransaction().joined = true;
  }
}

}  // namespace pgbraid::router
