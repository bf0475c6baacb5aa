#include "sql/concatenable.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "sql/operand.h"
#include "sql/standby_functions.h"

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Message;
using tree::Node;

constexpr std::string_view kTextAsTime =
    "a computed text that is read as a time (it may say 'now')";

// What the clauses of the SELECT rule out.
std::string_view ClauseReason(const PgQuery__SelectStmt& select) {
  if (select.larg != nullptr) return "a set operation";
  if (select.with_clause != nullptr) return "WITH";
  if (select.n_values_lists > 0) return "VALUES";
  if (select.n_distinct_clause > 0) return "DISTINCT";
  if (select.n_group_clause > 0) return "GROUP BY";
  if (select.having_clause != nullptr) return "HAVING";
  if (select.n_window_clause > 0) return "a window function";
  if (select.n_sort_clause > 0) return "ORDER BY";
  if (select.limit_count != nullptr || select.limit_offset != nullptr) {
    return "LIMIT or OFFSET";
  }
  if (select.n_locking_clause > 0) return "a row lock";
  if (select.into_clause != nullptr) return "INTO";
  if (select.n_from_clause > 1) return "a join";
  return {};
}

// Types whose input reads 'now' and 'today', with their arrays and ranges.
bool IsTemporal(std::string_view type) {
  return type.find("date") != type.npos || type.find("time") != type.npos ||
         type.starts_with("ts");
}

// Values of these types are never texts that a cast would read.
bool IsNoText(const Type* type) {
  if (type == nullptr || !type->built_in() || type->kind == 'p') return false;
  const std::string_view name = type->name;
  return name != "text" && name != "varchar" && name != "bpchar" &&
         name != "name" && name != "unknown" && name != "char" &&
         name != "cstring" && !name.starts_with("_");
}

class ExpressionCheck {
 public:
  ExpressionCheck(const Source& source, const Relation& relation,
                  std::string_view alias)
      : source_(source), relation_(relation), alias_(alias) {}

  std::string Check(const Node* node) {
    std::string reason;
    tree::Walk(tree::Inside(node), [&](const Message& message) {
      if (reason.empty()) reason = Reason(message);
      return reason.empty();
    });
    return reason;
  }

 private:
  std::string Reason(const Message& message) const {
    if (As<PgQuery__SubLink>(&message) != nullptr) return "a subquery";
    if (const auto* call = As<PgQuery__FuncCall>(&message)) {
      return CallReason(*call);
    }
    if (As<PgQuery__SQLValueFunction>(&message) != nullptr) {
      return "a function of the clock or the session";
    }
    if (const auto* reference = As<PgQuery__ColumnRef>(&message)) {
      return ColumnReason(*reference);
    }
    if (const auto* cast = As<PgQuery__TypeCast>(&message)) {
      const Type* type = ResolveTypeName(*cast->type_name, source_);
      return type != nullptr && IsTemporal(type->name) && MayBeText(cast->arg)
                 ? std::string(kTextAsTime)
                 : std::string();
    }
    if (const auto* name = As<PgQuery__TypeName>(&message)) {
      const Type* type = ResolveTypeName(*name, source_);
      const bool plain = type != nullptr && type->built_in() &&
                         !std::string_view(type->name).starts_with("reg");
      return plain ? "" : "a cast to a type that hosts may know differently";
    }
    return {};
  }

  std::string CallReason(const PgQuery__FuncCall& call) const {
    const tree::Name name = tree::NameOf(PGBRAID_NODES(call, funcname));
    if (call.over != nullptr) return "a window function";
    // timestamptz(x) is a cast, too.
    if (call.n_args == 1 && IsTemporal(name.name) && MayBeText(call.args[0]) &&
        source_.catalog()->ResolveType(name.schema, name.name, source_.path) !=
            nullptr) {
      return std::string(kTextAsTime);
    }
    for (const Function* function : source_.catalog()->FindFunctions(
             name.schema, name.name, source_.path)) {
      if (function->kind == 'a') return "the aggregate " + name.name;
      if (function->kind == 'w') return "a window function";
      if (function->returns_set) return "the set-returning " + name.name;
      if (!function->built_in() || !IsSameOnAllHosts(*function)) {
        return "the function " + name.name;
      }
    }
    return {};
  }

  // Whether the value may be a text that is computed on the shard: it may say
  // 'now'. Constants and parameters are looked at for each execution.
  bool MayBeText(const Node* node) const {
    const Message* message = tree::Inside(node);
    const Catalog& catalog = *source_.catalog();
    if (As<PgQuery__AConst>(message) != nullptr ||
        As<PgQuery__ParamRef>(message) != nullptr) {
      return false;
    }
    if (const auto* cast = As<PgQuery__TypeCast>(message)) {
      return !IsNoText(ResolveTypeName(*cast->type_name, source_)) &&
             MayBeText(cast->arg);
    }
    if (const auto* reference = As<PgQuery__ColumnRef>(message)) {
      const tree::Nodes fields = PGBRAID_NODES(*reference, fields);
      const Column* column =
          relation_.FindColumn(tree::StringOf(fields[fields.size() - 1]));
      return column == nullptr || !IsNoText(catalog.FindType(column->type));
    }
    if (const auto* call = As<PgQuery__FuncCall>(message)) {
      const tree::Name name = tree::NameOf(PGBRAID_NODES(*call, funcname));
      const auto overloads =
          catalog.FindFunctions(name.schema, name.name, source_.path);
      return overloads.empty() ||
             std::any_of(
                 overloads.begin(), overloads.end(),
                 [&](const Function* function) {
                   return !IsNoText(catalog.FindType(function->return_type));
                 });
    }
    if (const auto* operation = As<PgQuery__AExpr>(message)) {
      const std::string_view name =
          tree::NameOf(PGBRAID_NODES(*operation, name)).name;
      return operation->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP ||
             (name != "+" && name != "-");
    }
    return true;
  }

  // Names must be columns: t.count could be a call.
  std::string ColumnReason(const PgQuery__ColumnRef& reference) const {
    const tree::Nodes fields = PGBRAID_NODES(reference, fields);
    for (size_t i = 0; i + 1 < fields.size(); ++i) {
      if (tree::StringOf(fields[i]) != alias_ && fields.size() == 2) {
        return "a name that is not a column";
      }
    }
    const Node* last = fields[fields.size() - 1];
    if (As<PgQuery__AStar>(last) != nullptr) return {};
    if (relation_.FindColumn(tree::StringOf(last)) != nullptr) return {};
    return "a name that is not a column";
  }

  const Source& source_;
  const Relation& relation_;
  const std::string_view alias_;
};

}  // namespace

std::string WhyNotConcatenable(const PgQuery__SelectStmt& select,
                               const Source& source, const Findings& findings) {
  if (source.catalog() == nullptr) return "catalogs that are not known";
  const std::string_view clause = ClauseReason(select);
  if (!clause.empty()) return std::string(clause);
  if (findings.may_write) return "a SELECT that may write";
  if (select.n_from_clause == 0) return "a SELECT without a table";
  const auto* range = As<PgQuery__RangeVar>(select.from_clause[0]);
  if (range == nullptr) return "a join, a subquery or a function in FROM";
  if (range->alias != nullptr && range->alias->n_colnames > 0) {
    return "renamed columns";
  }
  if (findings.reads_system_columns) return "system columns";
  if (findings.relations.size() != 1) {
    return "a subquery, or a policy that reads other tables";
  }
  const Relation* relation = source.catalog()->ResolveRelation(
      range->schemaname, range->relname, source.path);
  if (relation == nullptr) return "a relation that is not known";
  if (relation->kind != Relation::Kind::kTable &&
      relation->kind != Relation::Kind::kPartitioned) {
    return "a relation that is not a table";
  }
  ExpressionCheck check(
      source, *relation,
      range->alias != nullptr ? range->alias->aliasname : range->relname);
  for (const Node* target : PGBRAID_NODES(select, target_list)) {
    std::string reason = check.Check(target);
    if (!reason.empty()) return reason;
  }
  return check.Check(select.where_clause);
}

}  // namespace pgbraid::sql
