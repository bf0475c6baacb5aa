#include "sql/change_shape.h"

#include <utility>

#include "sql/operand.h"

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Node;

const Relation* RelationOf(const PgQuery__RangeVar* range,
                           const Source& source) {
  if (range == nullptr || source.catalog() == nullptr) return nullptr;
  const std::string_view database = range->catalogname;
  if (!database.empty()) return nullptr;
  return source.catalog()->ResolveRelation(range->schemaname, range->relname,
                                           source.path);
}

std::vector<std::string> TargetNames(tree::Nodes targets) {
  std::vector<std::string> names;
  for (const Node* node : targets) {
    const auto* target = As<PgQuery__ResTarget>(node);
    if (target != nullptr) names.emplace_back(target->name);
  }
  return names;
}

std::vector<std::string> AllColumns(const Relation& relation,
                                    bool with_generated) {
  std::vector<std::string> names;
  for (const Column& column : relation.columns) {
    if (with_generated || column.generated == 0) names.push_back(column.name);
  }
  return names;
}

// A part of the column is written: col.field, col[1].
bool IsPartial(const Node* node) {
  const auto* target = As<PgQuery__ResTarget>(node);
  return target == nullptr || target->n_indirection > 0;
}

}  // namespace

InsertShape ShapeOfInsert(const PgQuery__InsertStmt& insert,
                          const Source& source) {
  InsertShape shape;
  const tree::Nodes given = PGBRAID_NODES(insert, cols);
  const auto* select = As<PgQuery__SelectStmt>(insert.select_stmt);
  shape.default_values = insert.select_stmt == nullptr;
  if (select != nullptr && select->n_values_lists > 0 &&
      select->n_sort_clause == 0 && select->limit_count == nullptr &&
      select->limit_offset == nullptr) {
    for (const Node* node : PGBRAID_NODES(*select, values_lists)) {
      std::vector<Operand> row;
      const auto* list = As<PgQuery__List>(node);
      if (list == nullptr) continue;
      for (const Node* value : PGBRAID_NODES(*list, items)) {
        const bool partial =
            row.size() < given.size() && IsPartial(given[row.size()]);
        row.push_back(partial ? Operand() : MakeOperand(value, source));
      }
      shape.rows.push_back(std::move(row));
    }
  }
  if (!given.empty()) {
    shape.columns = TargetNames(given);
  } else if (const Relation* relation = RelationOf(insert.relation, source)) {
    shape.columns = AllColumns(*relation, true);
    if (!shape.rows.empty() &&
        shape.rows.front().size() < shape.columns.size()) {
      shape.columns.resize(shape.rows.front().size());
    }
  }
  if (const auto* conflict = insert.on_conflict_clause) {
    shape.on_conflict = true;
    shape.conflict_set = TargetNames(PGBRAID_NODES(*conflict, target_list));
  }
  return shape;
}

std::vector<std::string> UpdatedColumns(const PgQuery__UpdateStmt& update) {
  return TargetNames(PGBRAID_NODES(update, target_list));
}

std::vector<std::string> UpdatedColumns(const PgQuery__MergeStmt& merge) {
  std::vector<std::string> names;
  for (const Node* node : PGBRAID_NODES(merge, merge_when_clauses)) {
    const auto* when = As<PgQuery__MergeWhenClause>(node);
    if (when == nullptr ||
        when->command_type != PG_QUERY__CMD_TYPE__CMD_UPDATE) {
      continue;
    }
    for (std::string& name : TargetNames(PGBRAID_NODES(*when, target_list))) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

std::vector<std::string> CopiedColumns(const PgQuery__CopyStmt& copy,
                                       const Source& source) {
  std::vector<std::string> names;
  for (const Node* node : PGBRAID_NODES(copy, attlist)) {
    names.emplace_back(tree::StringOf(node));
  }
  if (!names.empty()) return names;
  const Relation* relation = RelationOf(copy.relation, source);
  if (relation != nullptr) names = AllColumns(*relation, false);
  return names;
}

}  // namespace pgbraid::sql
