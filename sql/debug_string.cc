#include "sql/debug_string.h"

#include <iterator>

namespace pgbraid::sql {
namespace {

constexpr std::string_view kKindNames[] = {
    "empty",
    "invalid",
    "select",
    "insert",
    "update",
    "delete",
    "merge",
    "copy",
    "explain",
    "explain_route",
    "begin",
    "commit",
    "rollback",
    "savepoint",
    "release",
    "rollback_to",
    "prepare_xact",
    "commit_prepared",
    "rollback_prep",
    "set_transaction",
    "set",
    "show",
    "discard",
    "prepare",
    "execute",
    "deallocate",
    "declare",
    "fetch",
    "close",
    "listen",
    "unlisten",
    "notify",
    "lock",
    "load",
    "truncate",
    "ddl",
    "do",
    "call",
    "maintenance",
    "other",
};
static_assert(std::size(kKindNames) == static_cast<size_t>(Kind::kOther) + 1);

std::string Comparison(const Condition& condition, std::string_view op) {
  std::string text = condition.column;
  text += op;
  return text + DebugString(condition.operands.front());
}

std::string Joined(const Condition& condition, std::string_view between) {
  std::string text;
  for (const Condition& child : condition.children) {
    if (!text.empty()) text += between;
    text += DebugString(child);
  }
  return text;
}

std::string InsertString(const InsertShape& insert) {
  std::string text = " (";
  for (const std::string& column : insert.columns) {
    if (text.back() != '(') text += ',';
    text += column;
  }
  text += ')';
  for (const std::vector<Operand>& row : insert.rows) {
    text += '[';
    for (const Operand& operand : row) {
      if (text.back() != '[') text += ',';
      text += DebugString(operand);
    }
    text += ']';
  }
  if (insert.default_values) text += " default_values";
  if (insert.on_conflict) {
    text += " on_conflict(";
    for (const std::string& column : insert.conflict_set) {
      if (text.back() != '(') text += ',';
      text += column;
    }
    text += ')';
  }
  return text;
}

std::string SettingString(const SettingChange& change) {
  std::string text =
      change.scope == SettingChange::Scope::kLocal ? " local " : " ";
  text += change.name;
  if (change.reset) return text + " reset";
  return text + "=<" + change.value + ">";
}

std::string FlagString(const Statement& statement) {
  std::string text;
  if (statement.standby_safe) text += " standby";
  if (statement.writes) text += " writes";
  if (statement.taints) text += " taints";
  if (statement.changes_catalog) text += " ddl";
  if (statement.unpins) text += " unpins";
  if (statement.exports_snapshot) text += " snapshot";
  if (statement.depends_on_path && !statement.taints) text += " path";
  if (statement.reads_system_columns) text += " system";
  if (statement.concatenable) text += " concat";
  if (!statement.relations_known) text += " unknown";
  if (statement.read_only) text += " read_only";
  if (statement.read_write) text += " read_write";
  if (statement.chain) text += " chain";
  if (statement.discard_all) text += " all";
  if (statement.copy_from) text += " from";
  if (statement.copy_client) text += " client";
  if (statement.pin != Pin::kNone) {
    text += " pin:";
    text += PinName(statement.pin);
  }
  return text;
}

std::string_view IsolationName(Statement::Isolation isolation) {
  switch (isolation) {
    case Statement::Isolation::kReadUncommitted:
      return " read_uncommitted";
    case Statement::Isolation::kReadCommitted:
      return " read_committed";
    case Statement::Isolation::kRepeatableRead:
      return " repeatable_read";
    case Statement::Isolation::kSerializable:
      return " serializable";
    default:
      return "";
  }
}

}  // namespace

std::string_view KindName(Kind kind) {
  return kKindNames[static_cast<size_t>(kind)];
}

std::string_view AccessName(Access access) {
  switch (access) {
    case Access::kRead:
      return "read";
    case Access::kLockRows:
      return "lock";
    case Access::kInsert:
      return "insert";
    case Access::kUpdate:
      return "update";
    case Access::kDelete:
      return "delete";
    case Access::kWhole:
      return "whole";
  }
  return "";
}

std::string_view PinName(Pin pin) {
  switch (pin) {
    case Pin::kNone:
      return "none";
    case Pin::kTemporaryObject:
      return "temporary_object";
    case Pin::kHoldCursor:
      return "hold_cursor";
    case Pin::kAdvisoryLock:
      return "advisory_lock";
    case Pin::kListen:
      return "listen";
    case Pin::kLoad:
      return "load";
    case Pin::kLargeObject:
      return "large_object";
    case Pin::kRandomSeed:
      return "random_seed";
  }
  return "";
}

std::string DebugString(const Operand& operand) {
  std::string text;
  switch (operand.kind) {
    case Operand::Kind::kLiteral:
      text = (operand.negated ? "-#" : "#") + std::to_string(operand.index);
      break;
    case Operand::Kind::kParam:
      text = "$" + std::to_string(operand.index);
      break;
    case Operand::Kind::kNull:
      return "null";
    case Operand::Kind::kDefault:
      return "default";
    case Operand::Kind::kUnknown:
      return "?";
  }
  if (!operand.cast.empty()) text += "::" + operand.cast;
  return text;
}

std::string DebugString(const Condition& condition) {
  switch (condition.op) {
    case Condition::Op::kAnd:
      return Joined(condition, " and ");
    case Condition::Op::kOr:
      return "(" + Joined(condition, " or ") + ")";
    case Condition::Op::kEq:
      return Comparison(condition, "=");
    case Condition::Op::kAny:
      return Comparison(condition, "=any ");
    case Condition::Op::kLess:
      return Comparison(condition, "<");
    case Condition::Op::kLessEq:
      return Comparison(condition, "<=");
    case Condition::Op::kGreater:
      return Comparison(condition, ">");
    case Condition::Op::kGreaterEq:
      return Comparison(condition, ">=");
    case Condition::Op::kIn: {
      std::string text = condition.column + " in (";
      for (const Operand& operand : condition.operands) {
        if (text.back() != '(') text += ',';
        text += DebugString(operand);
      }
      return text + ")";
    }
    case Condition::Op::kIsNull:
      return condition.column + " is null";
    case Condition::Op::kNever:
      return "never";
    case Condition::Op::kUnknown:
      return "?";
  }
  return "";
}

std::string DebugString(const RelationRef& relation) {
  std::string text(AccessName(relation.access));
  text += ':';
  if (relation.oid == 0) text += "unknown ";
  if (relation.schema != "public" && !relation.schema.empty()) {
    text += relation.schema + ".";
  }
  text += relation.name;
  if (relation.through_view) text += "(view)";
  if (relation.condition.op != Condition::Op::kUnknown) {
    text += "{" + DebugString(relation.condition) + "}";
  }
  return text;
}

std::string DebugString(const Statement& statement) {
  std::string text(KindName(statement.kind));
  text += FlagString(statement);
  text += IsolationName(statement.isolation);
  if (!statement.name.empty()) text += " name:" + statement.name;
  for (const RelationRef& relation : statement.relations) {
    text += " " + DebugString(relation);
  }
  const bool has_columns =
      statement.kind == Kind::kInsert || !statement.insert.columns.empty();
  if (has_columns) text += InsertString(statement.insert);
  for (const std::string& column : statement.updated_columns) {
    text += " set:" + column;
  }
  for (const SettingChange& change : statement.settings) {
    text += SettingString(change);
  }
  if (statement.inner != nullptr) {
    text += " <" + DebugString(*statement.inner) + ">";
  }
  return text;
}

std::string DebugString(const Query& query) {
  std::string text;
  for (const Statement& statement : query.statements) {
    if (!text.empty()) text += "; ";
    text += DebugString(statement);
  }
  if (query.by_text) text += " by_text";
  return text;
}

}  // namespace pgbraid::sql
