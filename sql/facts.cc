#include "sql/facts.h"

#include <algorithm>
#include <optional>

#include "sql/name_trust.h"
#include "sql/term_builder.h"

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Node;
using Op = Condition::Op;

// pg_type.oid of the types named so.
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kText = 25;
constexpr Oid kVarchar = 1043;
constexpr Oid kUuid = 2950;
constexpr Oid kDate = 1082;
constexpr Oid kTimestamp = 1114;
constexpr Oid kTimestamptz = 1184;
constexpr Oid kNumeric = 1700;
constexpr Oid kBool = 16;

bool IsInteger(Oid type) {
  return type == kInt2 || type == kInt4 || type == kInt8;
}

bool IsText(Oid type) { return type == kText || type == kVarchar; }

// Equal values of the two columns are the same value, in either type.
bool CarriesValues(const Column& a, const Column& b) {
  if (IsInteger(a.type) && IsInteger(b.type)) return true;
  if (IsText(a.type) && IsText(b.type)) {
    return a.deterministic_collation && b.deterministic_collation;
  }
  if (a.type != b.type) return false;
  return a.type == kUuid || a.type == kDate || a.type == kTimestamp ||
         a.type == kTimestamptz || a.type == kNumeric || a.type == kBool;
}

// What is compared with a column of one type may be compared with one of the
// other: a parameter has its type from where it stands.
bool CarriesOperands(const Column& from, const Column& to,
                     const std::vector<Operand>& operands) {
  if (from.type == to.type || IsText(from.type)) return true;
  return std::all_of(operands.begin(), operands.end(), [](const Operand& o) {
    return o.kind == Operand::Kind::kLiteral;
  });
}

bool IsAmong(const Level& level, ItemRange range, const FromItem* item) {
  for (size_t i = range.first; i < range.last; ++i) {
    if (&level.at(i) == item) return true;
  }
  return false;
}

bool Mentions(const Term& term, const Level& level, ItemRange range) {
  if (term.variable && IsAmong(level, range, term.variable.item)) return true;
  return std::any_of(
      term.children.begin(), term.children.end(),
      [&](const Term& child) { return Mentions(child, level, range); });
}

// The term is not true where all columns of the items are NULL.
bool RejectsNulls(const Term& term, const Level& level, ItemRange range) {
  const auto child_rejects = [&](const Term& child) {
    return RejectsNulls(child, level, range);
  };
  switch (term.op) {
    case Op::kAnd:
      return std::any_of(term.children.begin(), term.children.end(),
                         child_rejects);
    case Op::kOr:
      return !term.children.empty() &&
             std::all_of(term.children.begin(), term.children.end(),
                         child_rejects);
    case Op::kNever:
      return true;
    case Op::kIsNull:
    case Op::kUnknown:
      return false;
    default:
      return IsAmong(level, range, term.variable.item);
  }
}

// The variables that are equal to `variable`, itself among them.
std::vector<Variable> EqualTo(Variable variable, const Facts& facts) {
  std::vector<Variable> all = {variable};
  for (size_t next = 0; next < all.size(); ++next) {
    for (const auto& [a, b] : facts.same) {
      const Variable other = a == all[next]   ? b
                             : b == all[next] ? a
                                              : Variable();
      if (other && std::find(all.begin(), all.end(), other) == all.end()) {
        all.push_back(other);
      }
    }
  }
  return all;
}

Condition Leaf(const Term& term, const Column& column) {
  Condition leaf;
  leaf.op = term.op;
  leaf.column = column.name;
  leaf.operands = term.operands;
  return leaf;
}

// One condition for several that hold together.
Condition All(std::vector<Condition> parts) {
  std::erase_if(parts,
                [](const Condition& part) { return part.op == Op::kUnknown; });
  if (parts.empty()) return {};
  if (parts.size() == 1) return std::move(parts.front());
  Condition both;
  both.op = Op::kAnd;
  for (Condition& part : parts) {
    if (part.op == Op::kAnd) {
      std::move(part.children.begin(), part.children.end(),
                std::back_inserter(both.children));
    } else {
      both.children.push_back(std::move(part));
    }
  }
  return both;
}

Condition Any(std::vector<Condition> parts) {
  for (const Condition& part : parts) {
    if (part.op == Op::kUnknown) return {};
  }
  std::erase_if(parts,
                [](const Condition& part) { return part.op == Op::kNever; });
  Condition either;
  if (parts.empty()) {
    either.op = Op::kNever;
    return either;
  }
  if (parts.size() == 1) return std::move(parts.front());
  either.op = Op::kOr;
  either.children = std::move(parts);
  return either;
}

Condition Project(const Term& term, const Facts& facts, const FromItem& item) {
  std::vector<Condition> parts;
  switch (term.op) {
    case Op::kAnd:
    case Op::kOr:
      for (const Term& child : term.children) {
        parts.push_back(Project(child, facts, item));
      }
      return term.op == Op::kAnd ? All(std::move(parts))
                                 : Any(std::move(parts));
    case Op::kNever: {
      Condition never;
      never.op = Op::kNever;
      return never;
    }
    case Op::kUnknown:
      return {};
    default:
      break;
  }
  for (const Variable variable : EqualTo(term.variable, facts)) {
    if (variable.item != &item) continue;
    if (!(variable == term.variable) &&
        !CarriesOperands(*term.variable.column, *variable.column,
                         term.operands)) {
      continue;
    }
    parts.push_back(Leaf(term, *variable.column));
  }
  return All(std::move(parts));
}

}  // namespace

void Facts::Append(const Facts& other) {
  terms.insert(terms.end(), other.terms.begin(), other.terms.end());
  same.insert(same.end(), other.same.begin(), other.same.end());
}

void AddFacts(const Node* expression, const Place& place, Facts& facts) {
  if (expression == nullptr) return;
  const auto* boolean = As<PgQuery__BoolExpr>(expression);
  if (boolean != nullptr &&
      boolean->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR) {
    for (const Node* argument : PGBRAID_NODES(*boolean, args)) {
      AddFacts(argument, place, facts);
    }
    return;
  }
  const auto [left, right] = EqualColumns(expression, place);
  if (left && right) {
    AddSame(left, right, *place.source, facts);
    return;
  }
  Term term = BuildTerm(expression, false, place);
  if (term.op != Op::kUnknown) facts.terms.push_back(std::move(term));
}

void AddSame(Variable a, Variable b, const Source& source, Facts& facts) {
  if (!a || !b || !OperatorIsBuiltIn({}, "=", source, {})) return;
  if (CarriesValues(*a.column, *b.column)) facts.same.emplace_back(a, b);
}

Facts WithoutItems(const Facts& facts, const Level& level, ItemRange range) {
  Facts kept;
  for (const Term& term : facts.terms) {
    if (!Mentions(term, level, range)) kept.terms.push_back(term);
  }
  for (const auto& [a, b] : facts.same) {
    if (!IsAmong(level, range, a.item) && !IsAmong(level, range, b.item)) {
      kept.same.emplace_back(a, b);
    }
  }
  return kept;
}

bool RejectNulls(const Facts& facts, const Level& level, ItemRange range) {
  for (const Term& term : facts.terms) {
    if (RejectsNulls(term, level, range)) return true;
  }
  return std::any_of(facts.same.begin(), facts.same.end(),
                     [&](const auto& pair) {
                       return IsAmong(level, range, pair.first.item) ||
                              IsAmong(level, range, pair.second.item);
                     });
}

Condition ConditionOf(const Facts& facts, const FromItem& item) {
  std::vector<Condition> parts;
  for (const Term& term : facts.terms) {
    parts.push_back(Project(term, facts, item));
  }
  return All(std::move(parts));
}

}  // namespace pgbraid::sql
