#include "router/session_state.h"

#include <algorithm>
#include <utility>

#include "wire/backend.h"

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
    {kPinUnknownSettings, "custom settings of unknown names"},
    {kPinSessionPooling, "session pooling"},
};

// Undone for its client, it is not undone for others.
bool LeavesTraces(sql::Pin pin) {
  return pin == sql::Pin::kTemporaryObject || pin == sql::Pin::kRandomSeed ||
         pin == sql::Pin::kLoad;
}

// Changes nothing of the session's temporary schema.
bool LeavesTemporary(const sql::Statement& statement) {
  if (statement.writes || statement.taints) return false;
  switch (statement.kind) {
    case sql::Kind::kSelect:
    case sql::Kind::kExplain:
    case sql::Kind::kCopy:
    case sql::Kind::kShow:
    case sql::Kind::kSet:
    case sql::Kind::kEmpty:
    case sql::Kind::kDeallocate:
      return true;
    default:
      return false;
  }
}

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
    : settings{environments->empty(), environments->empty(), level, level},
      startup(environments->empty()),
      identity(who),
      startup_consistency(level),
      environments_(environments),
      shard_count_(shard_count),
      implicit_begin_(settings) {}

pool::SessionFreshness& SessionState::freshness(int shard) {
  if (freshness_ == nullptr) {
    freshness_ = std::make_unique<pool::SessionFreshness[]>(
        static_cast<size_t>(shard_count_));
  }
  return freshness_[shard];
}

std::string SessionState::Tell(const pool::ParametersRef& reported) {
  std::string messages;
  if (told == reported) return messages;
  if (told != nullptr) {
    for (const auto& [name, value] : *reported) {
      auto before = told->find(name);
      if (before != told->end() && before->second == value) continue;
      wire::AppendParameterStatus(name, value, &messages);
    }
  }
  told = reported;
  return messages;
}

Transaction& SessionState::EnsureTransaction() {
  if (transaction_ == nullptr) {
    transaction_ = std::make_unique<Transaction>();
    // BEGIN takes what came before it in the segment into its transaction.
    transaction_->at_begin = implicit_begin_;
  }
  return *transaction_;
}

void SessionState::BeginDeferred(const sql::Statement& statement,
                                 std::string text) {
  Transaction& transaction = EnsureTransaction();
  transaction.deferred.push_back(std::move(text));
  transaction.read_only =
      statement.read_only ||
      (!statement.read_write && settings.effective->read_only());
  transaction.isolation = statement.isolation;
  status_ = wire::TransactionStatus::kInTransaction;
}

void SessionState::EndDeferred(bool commit) { End(commit, false); }

void SessionState::BeginFailed() {
  Transaction& transaction = EnsureTransaction();
  transaction.joined = false;
  transaction.failed = true;
  status_ = wire::TransactionStatus::kInTransaction;
}

void SessionState::End(bool committed, bool chain) {
  if (listening != nullptr && committed) listening->channels.Commit();
  if (listening != nullptr && !committed) listening->channels.Rollback();
  if (committed) {
    settings.effective = settings.session;
    settings.consistency = settings.session_consistency;
  } else {
    settings =
        transaction_ != nullptr ? transaction_->at_begin : implicit_begin_;
  }
  implicit_begin_ = settings;
  if (!chain || transaction_ == nullptr) {
    transaction_ = nullptr;
    status_ = wire::TransactionStatus::kIdle;
    return;
  }
  transaction_->at_begin = settings;
  transaction_->savepoints.clear();
  transaction_->portals.clear();
}

void SessionState::RollBackTo(const std::string& savepoint) {
  if (listening != nullptr) listening->channels.RollbackTo(savepoint);
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
  if (listening != nullptr) listening->channels.Release(savepoint);
  if (transaction_ == nullptr) return;
  auto& list = transaction_->savepoints;
  for (size_t i = list.size(); i-- > 0;) {
    if (list[i].first != savepoint) continue;
    list.resize(i);
    return;
  }
}

void SessionState::DiscardAll() {
  settings.session = settings.effective = WithCustom(startup);
  settings.session_consistency = settings.consistency = startup_consistency;
  implicit_begin_ = settings;  // it commits at once
  prepared = nullptr;
  undescribed.clear();
  if (listening != nullptr) listening->channels.Clear();
  pins &= kPinSessionPooling | kPinUnknownSettings;
  own_changes_ = 0;
}

ClientStatementRef SessionState::FindPrepared(std::string_view name) const {
  if (prepared == nullptr) return nullptr;
  auto found = prepared->find(name);
  return found == prepared->end() ? nullptr : found->second;
}

void SessionState::Define(const std::string& name,
                          ClientStatementRef statement) {
  if (name.empty()) {
    unnamed = std::move(statement);
    return;
  }
  if (prepared == nullptr) prepared = std::make_unique<PreparedNamesOfClient>();
  (*prepared)[name] = std::move(statement);
}

void SessionState::Undefine(std::string_view name) {
  if (name.empty()) unnamed = nullptr;
  if (prepared == nullptr) return;
  auto found = prepared->find(name);
  if (found != prepared->end()) prepared->erase(found);
}

void SessionState::NoteCatalogChange() {
  if (identity->changes != nullptr) {
    identity->changes->fetch_add(1, std::memory_order_acq_rel);
    LookAtChanges();
  }
}

void SessionState::NoteChangesOf(const sql::Statement& statement) {
  changed_catalog |= statement.changes_catalog;
  bool rolls_back = statement.kind == sql::Kind::kRollback ||
                    statement.kind == sql::Kind::kRollbackTo;
  if (statement.changes_catalog || (rolls_back && changed_catalog)) {
    NoteCatalogChange();
  }
  // What is in the session's temporary schema is nobody else's concern.
  constexpr PinReasons kTemporary = PinBit(sql::Pin::kTemporaryObject);
  if ((pins & kTemporary) != 0 &&
      (statement.kind == sql::Kind::kDdl || rolls_back || statement.taints ||
       statement.kind == sql::Kind::kDiscard)) {
    ++own_changes_;
  }
}

void SessionState::Completed(const sql::Statement& statement,
                             std::string_view tag,
                             pool::ServerConnection* connection) {
  switch (statement.kind) {
    case sql::Kind::kBegin:
      EnsureTransaction().joined = true;
      status_ = wire::TransactionStatus::kInTransaction;
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
      if (listening != nullptr) listening->channels.Savepoint(statement.name);
      break;
    case sql::Kind::kRelease:
      Release(statement.name);
      break;
    case sql::Kind::kRollbackTo:
      RollBackTo(statement.name);
      break;
    case sql::Kind::kDiscard:
      if (statement.discard_all) DiscardAll();
      break;
    case sql::Kind::kDeallocate:
      if (!statement.name.empty()) {
        Undefine(statement.name);
        break;
      }
      prepared = nullptr;
      undescribed.clear();
      pins &= ~kPinSqlPrepared;
      break;
    case sql::Kind::kListen:
    case sql::Kind::kUnlisten:
      ChangeChannels(statement, connection);
      break;
    default:
      break;
  }
  if (const sql::Statement* executed = ExecutedBy(statement)) {
    // What it has set is found by the probe: its arguments may decide.
    if (connection != nullptr) {
      connection->tainted |= executed->taints || !executed->settings.empty();
      NoteCode(*executed, true);
      suspects_any_ |= !executed->setting_parameters.empty();
    }
    NoteKept(*executed, connection);
    NoteChangesOf(*executed);
  }
  for (const sql::SettingChange& change : statement.settings) {
    if (connection != nullptr) {
      connection->tainted |= OverlaysReset(change);
    }
    ApplySetting(change);
  }
  wrote |= statement.writes && statement.kind != sql::Kind::kListen;
  NoteKept(statement, connection);
  NoteChangesOf(statement);
  changed_logins |= statement.changes_logins;
  if (!LeavesTemporary(statement)) temporary_names = nullptr;
  if (connection == nullptr) return;
  if (statement.taints || (statement.unpins && pins != 0)) {
    connection->tainted = true;
  }
  NoteCode(statement, true);
}

const sql::Statement* SessionState::ExecutedBy(
    const sql::Statement& statement) const {
  if (statement.prepared_use.action != sql::PreparedUse::Action::kExecute) {
    return nullptr;
  }
  ClientStatementRef known = FindPrepared(statement.prepared_use.name);
  if (known == nullptr || known->prepared->recognized.query == nullptr) {
    return nullptr;
  }
  return known->prepared->recognized.query->single();
}

void SessionState::NoteKept(const sql::Statement& statement,
                            pool::ServerConnection* connection) {
  if (statement.pin != sql::Pin::kListen) pins |= PinBit(statement.pin);
  if (LeavesTraces(statement.pin) && connection != nullptr) {
    connection->worn = true;
  }
}

void SessionState::Failed(const sql::Statement& statement,
                          pool::ServerConnection* connection) {
  if (const sql::Statement* executed = ExecutedBy(statement)) {
    Failed(*executed, connection);
  }
  switch (statement.pin) {
    case sql::Pin::kLoad:
    case sql::Pin::kRandomSeed:
      // No probe finds these.
      pins |= PinBit(statement.pin);
      if (connection != nullptr) connection->worn = true;
      break;
    case sql::Pin::kAdvisoryLock:
      if (connection != nullptr) connection->tainted = true;
      break;
    default:
      break;
  }
  if (statement.taints) temporary_names = nullptr;
  if (connection == nullptr) return;
  if (statement.taints) connection->tainted = true;
  NoteCode(statement, false);
}

void SessionState::BeginSegment() {
  implicit_begin_ = settings;
  LookAtChanges();
  NeedCatalogs();
}

void SessionState::Ready(wire::TransactionStatus status, bool failed) {
  status_ = status;
  if (status == wire::TransactionStatus::kIdle) {
    // Their descriptors end with the transaction.
    pins &= ~PinBit(sql::Pin::kLargeObject);
    if (failed) {
      // An implicit transaction was rolled back with all its settings.
      settings =
          transaction_ != nullptr ? transaction_->at_begin : implicit_begin_;
    }
    if (listening != nullptr && failed) listening->channels.Rollback();
    if (listening != nullptr && !failed) listening->channels.Commit();
    settings.effective = settings.session;
    settings.consistency = settings.session_consistency;
    transaction_ = nullptr;
  } else {
    EnsureTransaction().joined = true;
  }
}

}  // namespace pgbraid::router
