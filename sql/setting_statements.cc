// The settings part of utility_statements.h.
//
// Values are put together as guc.c's flatten_set_variable_args does.
#include <optional>
#include <string>

#include "sql/identifier.h"
#include "sql/operand.h"
#include "sql/utility_statements.h"

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Node;

// Settings whose value is a list of identifiers (GUC_LIST_QUOTE).
bool IsIdentifierList(std::string_view name) {
  for (const char* listed :
       {"search_path", "temp_tablespaces", "session_preload_libraries",
        "local_preload_libraries", "shared_preload_libraries",
        "unix_socket_directories"}) {
    if (name == listed) return true;
  }
  return false;
}

std::string LowerCase(std::string_view text) {
  std::string lower;
  for (const char c : text) {
    lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  }
  return lower;
}

// A setting's name as a statement takes it: each part quoted where needed.
std::string QuotedName(std::string_view name) {
  std::string quoted;
  while (true) {
    const size_t dot = name.find('.');
    quoted += QuoteIdentifier(name.substr(0, dot));
    if (dot == std::string_view::npos) return quoted;
    quoted.push_back('.');
    name.remove_prefix(dot + 1);
  }
}

// One argument of SET: as it reads in the value, and as a statement takes it.
struct Argument {
  std::string value;
  std::string literal;
};

std::optional<Argument> ReadArgument(const Node* node, bool identifiers) {
  const auto* constant = As<PgQuery__AConst>(node);
  if (constant == nullptr || constant->isnull) return std::nullopt;
  switch (constant->val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL: {
      const std::string digits = std::to_string(constant->ival->ival);
      return Argument{digits, digits};
    }
    case PG_QUERY__A__CONST__VAL_FVAL:
      return Argument{constant->fval->fval, constant->fval->fval};
    case PG_QUERY__A__CONST__VAL_SVAL: {
      const std::string_view text = constant->sval->sval;
      return Argument{identifiers ? QuoteIdentifier(text) : std::string(text),
                      QuoteLiteral(text)};
    }
    default:
      return std::nullopt;
  }
}

// SET TIME ZONE INTERVAL '...' HOUR TO MINUTE: only its own text says it.
bool ReplaysAsInterval(const PgQuery__VariableSetStmt& set,
                       const Source& source, const Statement& statement,
                       SettingChange& change) {
  if (set.n_args != 1) return false;
  const auto* cast = As<PgQuery__TypeCast>(set.args[0]);
  if (cast == nullptr || cast->type_name->location < 0) return false;
  const auto begin = static_cast<size_t>(cast->type_name->location);
  change.replay = "SET TIME ZONE ";
  change.replay += source.text.substr(begin, statement.end - begin);
  return true;
}

void SetValue(const PgQuery__VariableSetStmt& set, const Source& source,
              const Statement& statement, Findings& findings,
              SettingChange& change) {
  if (ReplaysAsInterval(set, source, statement, change)) return;
  const bool identifiers = IsIdentifierList(change.name);
  change.replay = "SET " + QuotedName(change.name) + " TO ";
  for (size_t i = 0; i < set.n_args; ++i) {
    const std::optional<Argument> argument =
        ReadArgument(set.args[i], identifiers);
    if (!argument) {
      findings.taints = true;
      return;
    }
    if (i > 0) {
      change.value += ", ";
      change.replay += ", ";
    }
    change.value += argument->value;
    change.replay += argument->literal;
  }
}

void SetReset(SettingChange& change) {
  change.reset = true;
  if (change.name == "session_authorization") {
    change.replay = "RESET SESSION AUTHORIZATION";
  } else {
    change.replay = "RESET " + QuotedName(change.name);
  }
}

SettingChange TransactionDefault(std::string name, std::string value) {
  SettingChange change;
  change.replay = "SET " + name + " TO " + QuoteLiteral(value);
  change.name = std::move(name);
  change.value = std::move(value);
  return change;
}

// SET SESSION CHARACTERISTICS AS TRANSACTION ...
void SetCharacteristics(const PgQuery__VariableSetStmt& set,
                        Statement& statement) {
  for (const Node* node : PGBRAID_NODES(set, args)) {
    const auto* option = As<PgQuery__DefElem>(node);
    if (option == nullptr) continue;
    const auto* constant = As<PgQuery__AConst>(option->arg);
    if (constant == nullptr) continue;
    std::string value;
    if (constant->val_case == PG_QUERY__A__CONST__VAL_SVAL) {
      value = constant->sval->sval;
    } else {
      value = constant->ival->ival != 0 ? "on" : "off";
    }
    statement.settings.push_back(TransactionDefault(
        "default_" + std::string(option->defname), std::move(value)));
  }
}

// SET transaction_isolation and its like act on the current transaction, as SET
// TRANSACTION does.
bool SetsTransaction(const SettingChange& change, Statement& statement) {
  const std::string value = LowerCase(change.value);
  if (change.name == "transaction_isolation") {
    using Isolation = Statement::Isolation;
    if (value == "serializable") statement.isolation = Isolation::kSerializable;
    if (value == "repeatable read") {
      statement.isolation = Isolation::kRepeatableRead;
    }
    if (value == "read committed") {
      statement.isolation = Isolation::kReadCommitted;
    }
    if (value == "read uncommitted") {
      statement.isolation = Isolation::kReadUncommitted;
    }
  } else if (change.name == "transaction_read_only") {
    // "of" could be "off": anything but a clear yes counts as no.
    statement.read_only = value == "on" || value == "true" || value == "yes" ||
                          value == "1" || value == "t" || value == "y";
    statement.read_write = !statement.read_only && !change.reset;
  } else if (change.name != "transaction_deferrable") {
    return false;
  }
  statement.kind = Kind::kSetTransaction;
  return true;
}

void SetMulti(const PgQuery__VariableSetStmt& set, Statement& statement,
              Findings& findings) {
  const std::string_view name = set.name;
  if (name == "TRANSACTION") {
    statement.kind = Kind::kSetTransaction;
    AnalyzeTransactionModes(PGBRAID_NODES(set, args), statement);
  } else if (name == "SESSION CHARACTERISTICS") {
    SetCharacteristics(set, statement);
  } else {
    // TRANSACTION SNAPSHOT 'id'
    statement.kind = Kind::kSetTransaction;
    const auto* constant =
        set.n_args > 0 ? As<PgQuery__AConst>(set.args[0]) : nullptr;
    if (constant != nullptr &&
        constant->val_case == PG_QUERY__A__CONST__VAL_SVAL) {
      statement.name = constant->sval->sval;
    }
    findings.NeedPrimary("uses the snapshot of another transaction");
  }
}

std::optional<std::string> PlainString(const Node* node) {
  const auto* constant = As<PgQuery__AConst>(node);
  if (constant == nullptr || constant->isnull ||
      constant->val_case != PG_QUERY__A__CONST__VAL_SVAL) {
    return std::nullopt;
  }
  return std::string(constant->sval->sval);
}

// Where a plain NULL stands in the text, perhaps cast to text; 0: it is none.
uint32_t PlaceOfNull(const Node* node) {
  if (const auto* cast = As<PgQuery__TypeCast>(node)) {
    if (tree::NameOf(PGBRAID_NODES(*cast->type_name, names)).name != "text") {
      return 0;
    }
    node = cast->arg;
  }
  const auto* constant = As<PgQuery__AConst>(node);
  return constant != nullptr && constant->isnull && constant->location > 0
             ? static_cast<uint32_t>(constant->location)
             : 0;
}

// set_config('name', 'value', false).
std::optional<SettingChange> ReadSetConfig(const Node* target) {
  const auto* item = As<PgQuery__ResTarget>(target);
  const auto* call =
      item == nullptr ? nullptr : As<PgQuery__FuncCall>(item->val);
  if (call == nullptr || call->n_args != 3) return std::nullopt;
  if (tree::NameOf(PGBRAID_NODES(*call, funcname)).name != "set_config") {
    return std::nullopt;
  }
  const std::optional<std::string> name = PlainString(call->args[0]);
  const std::optional<std::string> value = PlainString(call->args[1]);
  const std::optional<bool> local = ConstantBool(call->args[2]);
  const uint32_t null_at = PlaceOfNull(call->args[1]);
  if (!name || !local || !(value || null_at > 0)) return std::nullopt;
  SettingChange change;
  change.name = LowerCase(*name);
  if (*local) change.scope = SettingChange::Scope::kLocal;
  if (!value) {
    SetReset(change);
    change.null_at = null_at;
    return change;
  }
  change.value = *value;
  change.replay = "SELECT pg_catalog.set_config(" + QuoteLiteral(*name) + ", " +
                  QuoteLiteral(*value) + ", false)";
  return change;
}

bool IsBareTargetList(const PgQuery__SelectStmt& select) {
  return select.n_from_clause == 0 && select.where_clause == nullptr &&
         select.n_group_clause == 0 && select.having_clause == nullptr &&
         select.larg == nullptr && select.with_clause == nullptr &&
         select.limit_count == nullptr && select.limit_offset == nullptr &&
         select.n_values_lists == 0;
}

}  // namespace

void AnalyzeSet(const PgQuery__VariableSetStmt& set, const Source& source,
                Statement& statement, Findings& findings) {
  statement.kind = Kind::kSet;
  findings.by_text = true;
  findings.NeedPrimary("changes a setting");
  SettingChange change;
  change.name = LowerCase(set.name);
  if (set.is_local) change.scope = SettingChange::Scope::kLocal;
  switch (set.kind) {
    case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_MULTI:
      SetMulti(set, statement, findings);
      return;
    case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE:
      SetValue(set, source, statement, findings, change);
      break;
    case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_DEFAULT:
    case PG_QUERY__VARIABLE_SET_KIND__VAR_RESET:
      SetReset(change);
      break;
    case PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL:
      change.name = "*";
      change.reset = true;
      change.replay = "RESET ALL";
      break;
    default:
      // FROM CURRENT keeps what is.
      return;
  }
  if (SetsTransaction(change, statement)) return;
  if (change.name == "seed") findings.pin = Pin::kRandomSeed;
  if (IsCustomSetting(change.name)) findings.custom_settings.Add(change.name);
  statement.settings.push_back(std::move(change));
}

void AnalyzeSetConfig(const PgQuery__SelectStmt& select, Statement& statement,
                      Findings& findings) {
  if (findings.set_config_calls == 0) return;
  findings.by_text = true;
  int read = 0;
  for (const Node* target : PGBRAID_NODES(select, target_list)) {
    std::optional<SettingChange> change = ReadSetConfig(target);
    if (!change) continue;
    ++read;
    if (change->name == "seed") findings.pin = Pin::kRandomSeed;
    statement.settings.push_back(std::move(*change));
  }
  if (read == findings.set_config_calls && IsBareTargetList(select)) return;
  statement.settings.clear();
  findings.taints |=
      findings.set_config_calls > findings.harmless_set_config_calls;
}

}  // namespace pgbraid::sql
