// What the router answers without asking a server: the beginning and end of
// transactions that no server has joined yet, its own settings, EXPLAIN
// (ROUTE).

#include <utility>

#include "router/own_settings.h"
#include "router/planner.h"
#include "router/session.h"
#include "wire/backend.h"
#include "wire/row.h"

namespace pgbraid::router {
namespace {

using sql::Kind;

bool IsOwnSetting(const sql::Statement& statement) {
  if (statement.kind == Kind::kShow) {
    return statement.name.starts_with("pgbraid.");
  }
  return statement.kind == Kind::kSet && statement.settings.size() == 1 &&
         statement.settings[0].name.starts_with("pgbraid.");
}

std::string_view NameOf(pool::Consistency consistency) {
  switch (consistency) {
    case pool::Consistency::kEventual:
      return "eventual";
    case pool::Consistency::kSession:
      return "session";
    case pool::Consistency::kStrong:
      return "strong";
  }
  return "";
}

std::string Rows(const std::vector<std::string>& columns,
                 const std::vector<std::vector<std::string>>& rows,
                 std::string_view tag, std::string* description) {
  std::vector<wire::FieldDescription> fields;
  for (const std::string& column : columns) {
    fields.push_back(wire::TextField(column));
  }
  wire::AppendRowDescription(fields, description);
  std::string messages;
  for (const auto& row : rows) {
    std::vector<wire::Value> values(row.begin(), row.end());
    wire::AppendDataRow(values, &messages);
  }
  wire::AppendCommandComplete(tag, &messages);
  return messages;
}

// Of client_min_messages.
bool HidesWarnings(std::string_view level) {
  if (level.empty()) return false;
  char first = static_cast<char>(level.front() | 0x20);
  return first == 'e' || first == 'f' || first == 'p';  // error, fatal, panic
}

const std::vector<std::string> kRouteColumns = {"plan", "shards", "host",
                                                "reason"};

bool IsStartTransaction(std::string_view statement) {
  size_t at = statement.find_first_not_of(" \t\r\n\f\v");
  return at != std::string_view::npos && (statement[at] | 0x20) == 's';
}

}  // namespace

std::string Session::Warn(std::string_view state,
                          std::string_view message) const {
  const pool::Setting* level =
      state_->settings.effective->Find("client_min_messages");
  std::string notice;
  if (level == nullptr || !HidesWarnings(level->value)) {
    wire::AppendNotice("WARNING", state, message, &notice);
  }
  return notice;
}

bool Session::IsLocal(const Recognized& recognized, bool joined) const {
  const sql::Statement* statement = recognized.query->single();
  if (statement == nullptr) return false;
  if (IsOwnSetting(*statement) || statement->kind == Kind::kExplainRoute) {
    return true;
  }
  if (statement->kind == Kind::kDeallocate) {
    return !statement->name.empty() &&
           state_->status() != wire::TransactionStatus::kFailed &&
           state_->FindPrepared(statement->name) != nullptr;
  }
  if (joined || server_in_transaction() || state_->pins != 0) return false;
  bool deferred_now = state_->in_transaction();
  switch (statement->kind) {
    case Kind::kEmpty:
    case Kind::kBegin:
      return true;
    case Kind::kCommit:
    case Kind::kRollback:
      return deferred_now || !statement->chain;
    case Kind::kSetTransaction:
      // A snapshot is taken at once, where it was exported: on the primary.
      return deferred_now && statement->name.empty();
    case Kind::kSavepoint:
    case Kind::kSet:
    case Kind::kListen:
    case Kind::kUnlisten:
      return deferred_now && worker_->map().shard_count() > 1;
    default:
      return false;
  }
}

Session::LocalAnswer Session::AnswerLocally(const Recognized& recognized,
                                            std::string_view text) {
  const sql::Statement& statement = *recognized.query->single();
  LocalAnswer answer;
  answer.handled = true;
  if (state_->status() == wire::TransactionStatus::kFailed) {
    answer.error = SqlError(sqlstate::kInFailedSqlTransaction,
                            "current transaction is aborted, commands ignored "
                            "until end of transaction block");
    return answer;
  }
  if (statement.kind == Kind::kExplainRoute) {
    return ExplainRoute(recognized, text);
  }
  if (IsOwnSetting(statement)) return OwnSetting(statement);
  std::string own(
      text.substr(statement.begin, statement.end - statement.begin));
  std::string_view tag;
  switch (statement.kind) {
    case Kind::kEmpty:
      wire::AppendEmpty(wire::backend_type::kEmptyQueryResponse,
                        &answer.messages);
      return answer;
    case Kind::kDeallocate:
      state_->Undefine(statement.name);
      tag = "DEALLOCATE";
      break;
    case Kind::kBegin:
      tag = IsStartTransaction(own) ? "START TRANSACTION" : "BEGIN";
      if (state_->in_transaction()) {
        answer.messages = Warn(sqlstate::kActiveSqlTransaction,
                               "there is already a transaction in progress");
      } else {
        state_->BeginDeferred(statement, std::move(own));
      }
      break;
    case Kind::kCommit:
    case Kind::kRollback: {
      bool failed = state_->in_transaction() && state_->transaction()->failed;
      bool commits = statement.kind == Kind::kCommit && !failed;
      tag = commits ? "COMMIT" : "ROLLBACK";
      if (!state_->in_transaction()) {
        answer.messages = Warn("25P01", "there is no transaction in progress");
      } else if (statement.chain) {
        // The next transaction is like this one, and nothing has joined it.
        state_->transaction()->failed = false;
      } else {
        state_->EndDeferred(commits);
      }
      break;
    }
    case Kind::kSetTransaction: {
      Transaction* transaction = state_->transaction();
      transaction->read_only |= statement.read_only;
      if (statement.read_write) transaction->read_only = false;
      if (statement.isolation != sql::Statement::Isolation::kDefault) {
        transaction->isolation = statement.isolation;
      }
      transaction->deferred.push_back(std::move(own));
      tag = "SET";
      break;
    }
    case Kind::kListen:
    case Kind::kUnlisten:
      // No server has to know: the shared listener does.
      state_->Completed(statement, "", nullptr);
      tag = statement.kind == Kind::kListen ? "LISTEN" : "UNLISTEN";
      break;
    case Kind::kSavepoint:
    case Kind::kSet:
      state_->Completed(statement, "", nullptr);
      if (std::string restores = state_->Restores(statement);
          !restores.empty()) {
        own += "\n;" + restores;
      }
      state_->transaction()->deferred.push_back(std::move(own));
      tag = statement.kind == Kind::kSavepoint ? "SAVEPOINT"
            : !statement.settings.empty() && statement.settings[0].reset
                ? "RESET"
                : "SET";
      break;
    default:
      break;
  }
  wire::AppendCommandComplete(tag, &answer.messages);
  return answer;
}

std::string Session::DescribeLocal(const Recognized& recognized) const {
  const sql::Statement& statement = *recognized.query->single();
  std::string description;
  if (statement.kind == Kind::kExplainRoute) {
    Rows(kRouteColumns, {}, "", &description);
  } else if (statement.kind == Kind::kShow) {
    Rows({statement.name}, {}, "", &description);
  }
  return description;
}

Session::LocalAnswer Session::OwnSetting(const sql::Statement& statement) {
  LocalAnswer answer;
  answer.handled = true;
  const std::string& name = statement.kind == Kind::kShow
                                ? statement.name
                                : statement.settings[0].name;
  if (name == kPinsSetting) {
    if (statement.kind == Kind::kShow) {
      answer.messages = Rows({name}, {{DescribePins(state_->pins)}}, "SHOW",
                             &answer.row_description);
    } else {
      answer.error =
          SqlError("55P02", "parameter \"" + name + "\" cannot be changed");
    }
    return answer;
  }
  if (name != kConsistencySetting) {
    answer.error =
        SqlError(sqlstate::kUndefinedObject,
                 "unrecognized configuration parameter \"" + name + "\"",
                 "pgbraid's own are pgbraid.consistency and pgbraid.pins.");
    return answer;
  }
  if (statement.kind == Kind::kShow) {
    answer.messages =
        Rows({name}, {{std::string(NameOf(state_->consistency()))}}, "SHOW",
             &answer.row_description);
    return answer;
  }
  const sql::SettingChange& change = statement.settings[0];
  if (change.scope == sql::SettingChange::Scope::kLocal &&
      !state_->in_transaction()) {
    answer.messages =
        Warn("25P01", "SET LOCAL can only be used in transaction blocks");
  } else {
    answer.error = state_->SetConsistency(change);
    if (!answer.error.ok()) return answer;
  }
  wire::AppendCommandComplete(change.reset ? "RESET" : "SET", &answer.messages);
  return answer;
}

Session::LocalAnswer Session::ExplainRoute(const Recognized& recognized,
                                           std::string_view text) {
  LocalAnswer answer;
  answer.handled = true;
  ExecutionValues values;
  values.text = text;
  values.fingerprint = &recognized.fingerprint;
  values.modes = state_->context->modes;
  values.context = state_->context->keys;
  Plan plan = PlanStatement(*recognized.query, 0, values);
  const sql::Statement* inner = recognized.query->single()->inner.get();
  if (inner != nullptr &&
      inner->prepared_use.action == sql::PreparedUse::Action::kExecute) {
    plan = PlanExecute(*inner, values, std::move(plan),
                       FindPrepared(inner->prepared_use.name));
  }
  bool apart = plan.standby && state_->pins != 0 &&
               MayReadApart(*recognized.query, text, nullptr);
  plan = Restrict(std::move(plan), apart);
  std::string kind = "one shard";
  std::string shards;
  std::string host;
  std::string reason(plan.reason);
  if (plan.refused()) {
    kind = "refused";
    reason = SqlStateOf(plan.refusal) + ": " + MessageOf(plan.refusal);
    if (!DetailOf(plan.refusal).empty()) {
      reason += " (" + DetailOf(plan.refusal) + ")";
    }
  } else {
    if (plan.kind == Plan::Kind::kScatter) kind = "scatter";
    if (plan.kind == Plan::Kind::kAnyShard) kind = "any shard";
    topology::ShardSet set = plan.shards;
    if (plan.kind == Plan::Kind::kAnyShard) {
      set = topology::ShardSet::Single(ShardOf(plan));
    }
    for (int shard : set) {
      if (!shards.empty()) shards += ", ";
      if (!host.empty()) host += ", ";
      shards += worker_->map().shards()[shard].name;
      pool::ShardHosts* hosts = worker_->shard(shard);
      bool must_wait = false;
      pool::SessionFreshness copy = state_->freshness(shard);
      int chosen = plan.standby ? hosts->TryChooseStandby(ReadsOf(plan), &copy,
                                                          &must_wait)
                                : -1;
      if (chosen >= 0) {
        host += hosts->address(chosen).ToString() + " (standby)";
      } else if (must_wait) {
        host += "a standby once it is fresh enough, else the primary";
      } else if (hosts->primary() >= 0) {
        host += hosts->address(hosts->primary()).ToString() + " (primary)";
      } else {
        host += "no primary known";
      }
    }
  }
  answer.messages = Rows(kRouteColumns, {{kind, shards, host, reason}},
                         "EXPLAIN", &answer.row_description);
  return answer;
}

}  // namespace pgbraid::router
