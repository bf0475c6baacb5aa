#include "sql/term_builder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sql/name_trust.h"
#include "sql/operand.h"

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Node;
using Op = Condition::Op;

Term Leaf(Op op, Variable variable, std::vector<Operand> operands = {}) {
  return {op, variable, std::move(operands), {}};
}

Term Unknown() { return {}; }

Term Never() { return Leaf(Op::kNever, {}); }

Term Group(Op op, std::vector<Term> children) {
  return {op, {}, {}, std::move(children)};
}

// The column that a node is, if it is of a type that PostgreSQL brings.
Variable ColumnOf(const Node* node, const Place& place) {
  const auto* reference = As<PgQuery__ColumnRef>(node);
  if (reference == nullptr) return {};
  const Variable variable = place.Resolve(*reference);
  if (!variable || variable.column->type >= kFirstUserOid) return {};
  return variable;
}

bool IsNullConstant(const Node* node) {
  const auto* constant = As<PgQuery__AConst>(node);
  return constant != nullptr && constant->isnull;
}

bool AreUnknown(const std::vector<Operand>& operands) {
  return std::any_of(operands.begin(), operands.end(), [](const Operand& o) {
    return o.kind == Operand::Kind::kUnknown ||
           o.kind == Operand::Kind::kDefault;
  });
}

bool IsBuiltIn(std::string_view schema, std::string_view name,
               const Place& place) {
  return OperatorIsBuiltIn(schema, name, *place.source, {}) &&
         CastsAreBuiltIn(0, *place.source, {});
}

// The operator of the same pair of operands that is true where the given one is
// false.
std::string_view Opposite(std::string_view name) {
  if (name == "<") return ">=";
  if (name == "<=") return ">";
  if (name == ">") return "<=";
  if (name == ">=") return "<";
  if (name == "<>") return "=";
  if (name == "=") return "<>";
  return {};
}

// The operator that says the same with its operands exchanged.
std::string_view Mirrored(std::string_view name) {
  if (name == "<") return ">";
  if (name == "<=") return ">=";
  if (name == ">") return "<";
  if (name == ">=") return "<=";
  return name;
}

std::optional<Op> OpOf(std::string_view name) {
  if (name == "=") return Op::kEq;
  if (name == "<") return Op::kLess;
  if (name == "<=") return Op::kLessEq;
  if (name == ">") return Op::kGreater;
  if (name == ">=") return Op::kGreaterEq;
  return std::nullopt;
}

// column `name` operand, the column on either side.
Term Compare(const Node* left, const Node* right, std::string_view name,
             const Place& place) {
  Variable column = ColumnOf(left, place);
  const Node* other = right;
  if (!column) {
    column = ColumnOf(right, place);
    other = left;
    name = Mirrored(name);
  }
  const std::optional<Op> op = OpOf(name);
  if (!column || !op) return Unknown();
  Operand operand = MakeOperand(other, *place.source);
  if (operand.kind == Operand::Kind::kNull) {
    const bool as_is_null = place.source->input->transform_null_equals &&
                            *op == Op::kEq && IsNullConstant(other);
    return as_is_null ? Leaf(Op::kIsNull, column) : Never();
  }
  if (AreUnknown({operand})) return Unknown();
  return Leaf(*op, column, {std::move(operand)});
}

// (a, b) = (1, 2): both. (a, b) < (1, 2): a <= 1 at least.
Term CompareRows(const PgQuery__RowExpr& left, const PgQuery__RowExpr& right,
                 std::string_view name, const Place& place) {
  if (left.n_args != right.n_args || left.n_args == 0) return Unknown();
  if (name == "=") {
    std::vector<Term> children;
    for (size_t i = 0; i < left.n_args; ++i) {
      children.push_back(Compare(left.args[i], right.args[i], "=", place));
    }
    return Group(Op::kAnd, std::move(children));
  }
  if (name == "<") name = "<=";
  if (name == ">") name = ">=";
  if (name != "<=" && name != ">=") return Unknown();
  return Compare(left.args[0], right.args[0], name, place);
}

Term CompareAny(const Node* left, const Node* right, std::string_view name,
                const Place& place) {
  const auto* left_row = As<PgQuery__RowExpr>(left);
  const auto* right_row = As<PgQuery__RowExpr>(right);
  if (left_row != nullptr && right_row != nullptr) {
    return CompareRows(*left_row, *right_row, name, place);
  }
  return Compare(left, right, name, place);
}

// column = any of the operands; NULL among them never matches.
Term In(Variable column, std::vector<Operand> operands) {
  if (!column || AreUnknown(operands)) return Unknown();
  std::erase_if(operands, [](const Operand& operand) {
    return operand.kind == Operand::Kind::kNull;
  });
  if (operands.empty()) return Never();
  return Leaf(Op::kIn, column, std::move(operands));
}

Term BuildIn(const PgQuery__AExpr& expr, const Place& place) {
  const auto* list = As<PgQuery__List>(expr.rexpr);
  if (list == nullptr) return Unknown();
  if (As<PgQuery__RowExpr>(expr.lexpr) != nullptr) {
    std::vector<Term> children;
    for (const Node* item : PGBRAID_NODES(*list, items)) {
      children.push_back(CompareAny(expr.lexpr, item, "=", place));
    }
    return Group(Op::kOr, std::move(children));
  }
  std::vector<Operand> operands;
  for (const Node* item : PGBRAID_NODES(*list, items)) {
    operands.push_back(MakeOperand(item, *place.source));
  }
  return In(ColumnOf(expr.lexpr, place), std::move(operands));
}

Term BuildAny(const PgQuery__AExpr& expr, const Place& place) {
  const Variable column = ColumnOf(expr.lexpr, place);
  if (!column) return Unknown();
  bool single_array = false;
  std::vector<Operand> operands =
      MakeArrayOperands(expr.rexpr, *place.source, single_array);
  if (!single_array) return In(column, std::move(operands));
  if (operands.front().kind == Operand::Kind::kNull) return Never();
  if (AreUnknown(operands)) return Unknown();
  return Leaf(Op::kAny, column, std::move(operands));
}

// a BETWEEN low AND high, or its opposite.
Term BuildBetween(const PgQuery__AExpr& expr, bool outside,
                  const Place& place) {
  const auto* bounds = As<PgQuery__List>(expr.rexpr);
  if (bounds == nullptr || bounds->n_items != 2) return Unknown();
  const std::string_view low = outside ? "<" : ">=";
  const std::string_view high = outside ? ">" : "<=";
  if (!IsBuiltIn({}, low, place) || !IsBuiltIn({}, high, place)) {
    return Unknown();
  }
  return Group(outside ? Op::kOr : Op::kAnd,
               {Compare(expr.lexpr, bounds->items[0], low, place),
                Compare(expr.lexpr, bounds->items[1], high, place)});
}

// a IS NOT DISTINCT FROM b.
Term BuildNotDistinct(const PgQuery__AExpr& expr, const Place& place) {
  if (!IsBuiltIn({}, "=", place)) return Unknown();
  Variable column = ColumnOf(expr.lexpr, place);
  const Node* other = column ? expr.rexpr : expr.lexpr;
  if (!column) column = ColumnOf(expr.rexpr, place);
  if (!column) return Unknown();
  Operand operand = MakeOperand(other, *place.source);
  if (operand.kind == Operand::Kind::kNull) return Leaf(Op::kIsNull, column);
  if (AreUnknown({operand})) return Unknown();
  const bool may_be_null = operand.kind == Operand::Kind::kParam;
  Term equal = Leaf(Op::kEq, column, {std::move(operand)});
  if (!may_be_null) return equal;
  return Group(Op::kOr, {std::move(equal), Leaf(Op::kIsNull, column)});
}

Term BuildOperator(const PgQuery__AExpr& expr, bool negated,
                   const Place& place) {
  const tree::Name name = tree::NameOf(PGBRAID_NODES(expr, name));
  if (!name.usable || expr.lexpr == nullptr) return Unknown();
  if (!name.schema.empty() && name.schema != "pg_catalog") return Unknown();
  if (!IsBuiltIn(name.schema, name.name, place)) return Unknown();
  std::string_view meant = name.name;
  if (negated) {
    // What is false of a whole row says little of its parts.
    if (As<PgQuery__RowExpr>(expr.lexpr) != nullptr) return Unknown();
    meant = Opposite(meant);
    if (meant.empty()) return Unknown();
  }
  return CompareAny(expr.lexpr, expr.rexpr, meant, place);
}

Term BuildExpression(const PgQuery__AExpr& expr, bool negated,
                     const Place& place) {
  const tree::Name name = tree::NameOf(PGBRAID_NODES(expr, name));
  switch (expr.kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
      return BuildOperator(expr, negated, place);
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
      // name is "=" for IN and "<>" for NOT IN.
      if (name.name != (negated ? "<>" : "=")) return Unknown();
      if (!IsBuiltIn({}, "=", place)) return Unknown();
      return BuildIn(expr, place);
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY:
      if (negated || name.name != "=" || !name.usable) return Unknown();
      if (!IsBuiltIn(name.schema, name.name, place)) return Unknown();
      return BuildAny(expr, place);
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
      return BuildBetween(expr, negated, place);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
      return BuildBetween(expr, !negated, place);
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT:
      return negated ? Unknown() : BuildNotDistinct(expr, place);
    case PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT:
      return negated ? BuildNotDistinct(expr, place) : Unknown();
    default:
      return Unknown();
  }
}

Term BuildBoolean(const PgQuery__BoolExpr& expr, bool negated,
                  const Place& place) {
  if (expr.boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR) {
    return expr.n_args == 1 ? BuildTerm(expr.args[0], !negated, place)
                            : Unknown();
  }
  const bool conjunction =
      (expr.boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR) != negated;
  std::vector<Term> children;
  for (const Node* argument : PGBRAID_NODES(expr, args)) {
    children.push_back(BuildTerm(argument, negated, place));
  }
  return Group(conjunction ? Op::kAnd : Op::kOr, std::move(children));
}

}  // namespace

Term BuildTerm(const Node* expression, bool negated, const Place& place) {
  if (const auto* boolean = As<PgQuery__BoolExpr>(expression)) {
    return BuildBoolean(*boolean, negated, place);
  }
  if (const auto* expr = As<PgQuery__AExpr>(expression)) {
    return BuildExpression(*expr, negated, place);
  }
  if (const auto* test = As<PgQuery__NullTest>(expression)) {
    const bool is_null =
        (test->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NULL) != negated;
    const Variable column = ColumnOf(test->arg, place);
    return is_null && column ? Leaf(Op::kIsNull, column) : Unknown();
  }
  if (const auto* constant = As<PgQuery__AConst>(expression)) {
    if (constant->isnull) return Never();
    if (constant->val_case == PG_QUERY__A__CONST__VAL_BOOLVAL &&
        (constant->boolval->boolval != 0) == negated) {
      return Never();
    }
  }
  return Unknown();
}

std::pair<Variable, Variable> EqualColumns(const Node* expression,
                                           const Place& place) {
  const auto* expr = As<PgQuery__AExpr>(expression);
  if (expr == nullptr || expr->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP) {
    return {};
  }
  const tree::Name name = tree::NameOf(PGBRAID_NODES(*expr, name));
  if (!name.usable || name.name != "=" ||
      (!name.schema.empty() && name.schema != "pg_catalog")) {
    return {};
  }
  const Variable left = ColumnOf(expr->lexpr, place);
  const Variable right = ColumnOf(expr->rexpr, place);
  if (!left || !right || !IsBuiltIn(name.schema, name.name, place)) return {};
  return {left, right};
}

}  // namespace pgbraid::sql
