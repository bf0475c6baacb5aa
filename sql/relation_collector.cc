#include "sql/relation_collector.h"

#include <algorithm>
#include <utility>

#include "sql/examine.h"

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Message;
using tree::Node;

ItemRange AllOf(const Level& level) { return {0, level.size()}; }

// UPDATE ... SET column = DEFAULT.
bool WritesDefault(const PgQuery__UpdateStmt& update) {
  bool found = false;
  for (const Node* target : PGBRAID_NODES(update, target_list)) {
    tree::Walk(tree::Inside(target), [&](const Message& message) {
      found |= As<PgQuery__SetToDefault>(&message) != nullptr;
      return true;
    });
  }
  return found;
}

}  // namespace

bool RelationCollector::Locks::Covers(std::string_view name) const {
  return all || std::find(names.begin(), names.end(), name) != names.end();
}

void RelationCollector::CollectQuery(const Node* query, Access access) {
  Query(query, {}, access);
}

void RelationCollector::CollectRelation(const Node* relation, Access access) {
  const auto* range = As<PgQuery__RangeVar>(relation);
  if (range == nullptr) return;
  Level level(nullptr);
  Target(*range, access, level);
  if (access != Access::kRead && level.at(0).relation != nullptr) {
    MayAdvanceSequence(*level.at(0).relation);
  }
}

void RelationCollector::CollectExpression(const Node* expression) {
  const Level nowhere(nullptr);
  Expression(tree::Inside(expression), nowhere, {}, nullptr);
}

void RelationCollector::Query(const Node* query, const Around& around,
                              Access access) {
  if (const auto* select = As<PgQuery__SelectStmt>(query)) {
    Select(*select, around, access);
  } else if (const auto* insert = As<PgQuery__InsertStmt>(query)) {
    Insert(*insert, around);
  } else if (const auto* update = As<PgQuery__UpdateStmt>(query)) {
    Update(*update, around);
  } else if (const auto* remove = As<PgQuery__DeleteStmt>(query)) {
    Delete(*remove, around);
  } else if (const auto* merge = As<PgQuery__MergeStmt>(query)) {
    Merge(*merge, around);
  } else {
    findings_.MayWrite("has a form that is not understood");
    findings_.HideRelations("has a form that is not understood");
  }
}

void RelationCollector::With(const PgQuery__WithClause* with,
                             const Around& around, CteScope& scope) {
  scope.outer = around.ctes;
  if (with == nullptr) return;
  const auto name_of = [](const Node* node) {
    const auto* cte = As<PgQuery__CommonTableExpr>(node);
    return cte == nullptr ? std::string() : std::string(cte->ctename);
  };
  if (with->recursive) {
    for (const Node* node : PGBRAID_NODES(*with, ctes)) {
      scope.names.push_back(name_of(node));
    }
  }
  for (const Node* node : PGBRAID_NODES(*with, ctes)) {
    const auto* cte = As<PgQuery__CommonTableExpr>(node);
    if (cte == nullptr) continue;
    Query(cte->ctequery, {around.level, nullptr, &scope}, Access::kRead);
    if (!with->recursive) scope.names.push_back(name_of(node));
  }
}

void RelationCollector::Select(const PgQuery__SelectStmt& select,
                               const Around& around, Access access) {
  CteScope scope;
  With(select.with_clause, around, scope);
  const Around within = {around.level, around.facts, &scope};
  Level level(around.level);
  if (select.larg != nullptr && select.rarg != nullptr) {
    Select(*select.larg, within, access);
    Select(*select.rarg, within, access);
  }
  Locks locks;
  locks.all = access == Access::kLockRows;
  for (const Node* node : PGBRAID_NODES(select, locking_clause)) {
    const auto* clause = As<PgQuery__LockingClause>(node);
    if (clause == nullptr) continue;
    locks.all |= clause->n_locked_rels == 0;
    for (const Node* locked : PGBRAID_NODES(*clause, locked_rels)) {
      const auto* range = As<PgQuery__RangeVar>(locked);
      if (range != nullptr) locks.names.push_back(range->relname);
    }
  }
  const std::unique_ptr<JoinTree> from = FromList(
      PGBRAID_NODES(select, from_clause), level, within, locks, access);
  const Facts facts =
      LevelFacts(from.get(), level, select.where_clause, within);
  for (const tree::Nodes nodes :
       {PGBRAID_NODES(select, distinct_clause),
        PGBRAID_NODES(select, target_list), PGBRAID_NODES(select, group_clause),
        PGBRAID_NODES(select, window_clause),
        PGBRAID_NODES(select, values_lists),
        PGBRAID_NODES(select, sort_clause)}) {
    Expressions(nodes, level, facts, &scope);
  }
  for (const Node* node : {select.where_clause, select.having_clause,
                           select.limit_offset, select.limit_count}) {
    Expression(tree::Inside(node), level, facts, &scope);
  }
}

Facts RelationCollector::LevelFacts(const JoinTree* tree, const Level& level,
                                    const Node* where, const Around& around) {
  Facts facts;
  if (around.facts != nullptr) facts = *around.facts;
  AddFacts(where, {&level, AllOf(level), &source_}, facts);
  if (tree == nullptr) return facts;
  StoreConditions(*tree, level, facts);
  return WithInnerJoins(*tree, level, std::move(facts));
}

void RelationCollector::StoreConditions(const JoinTree& tree,
                                        const Level& level,
                                        const Facts& facts) {
  ForEachItem(tree, level, facts, [&](size_t place, const Facts& known) {
    const FromItem& item = level.at(place);
    if (item.reference < 0) return;
    findings_.relations[static_cast<size_t>(item.reference)].condition =
        ConditionOf(known, item);
  });
}

void RelationCollector::Insert(const PgQuery__InsertStmt& insert,
                               const Around& around) {
  CteScope scope;
  With(insert.with_clause, around, scope);
  Level level(around.level);
  Target(*insert.relation, Access::kInsert, level);
  if (level.at(0).relation != nullptr) {
    MayAdvanceSequence(*level.at(0).relation);
    CheckDefaults(insert, *level.at(0).relation);
  }
  const auto* select = As<PgQuery__SelectStmt>(insert.select_stmt);
  if (select != nullptr)
    Select(*select, {around.level, nullptr, &scope}, Access::kRead);
  if (insert.on_conflict_clause != nullptr) {
    Expression(tree::Base(insert.on_conflict_clause), level, {}, &scope);
  }
  Expressions(PGBRAID_NODES(insert, returning_list), level, {}, &scope);
}

void RelationCollector::Update(const PgQuery__UpdateStmt& update,
                               const Around& around) {
  CteScope scope;
  With(update.with_clause, around, scope);
  const Around within = {around.level, around.facts, &scope};
  Level level(around.level);
  Target(*update.relation, Access::kUpdate, level);
  if (level.at(0).relation != nullptr && WritesDefault(update)) {
    MayAdvanceSequence(*level.at(0).relation);
  }
  const std::unique_ptr<JoinTree> from =
      JoinInner(ItemLeaf(0), FromList(PGBRAID_NODES(update, from_clause), level,
                                      within, {}, Access::kRead));
  const Facts facts =
      LevelFacts(from.get(), level, update.where_clause, within);
  Expressions(PGBRAID_NODES(update, target_list), level, facts, &scope);
  Expressions(PGBRAID_NODES(update, returning_list), level, facts, &scope);
  Expression(tree::Inside(update.where_clause), level, facts, &scope);
}

void RelationCollector::Delete(const PgQuery__DeleteStmt& remove,
                               const Around& around) {
  CteScope scope;
  With(remove.with_clause, around, scope);
  const Around within = {around.level, around.facts, &scope};
  Level level(around.level);
  Target(*remove.relation, Access::kDelete, level);
  const std::unique_ptr<JoinTree> from =
      JoinInner(ItemLeaf(0), FromList(PGBRAID_NODES(remove, using_clause),
                                      level, within, {}, Access::kRead));
  const Facts facts =
      LevelFacts(from.get(), level, remove.where_clause, within);
  Expressions(PGBRAID_NODES(remove, returning_list), level, facts, &scope);
  Expression(tree::Inside(remove.where_clause), level, facts, &scope);
}

// The source drives: a target's row matters only where ON joins it with a row
// of the source, and a source's row always, if there is a WHEN NOT MATCHED.
void RelationCollector::Merge(const PgQuery__MergeStmt& merge,
                              const Around& around) {
  CteScope scope;
  With(merge.with_clause, around, scope);
  const Around within = {around.level, around.facts, &scope};
  Level level(around.level);
  auto join = std::make_unique<JoinTree>();
  join->kind = JoinTree::Kind::kInner;
  join->left = From(merge.source_relation, level, within, {}, Access::kRead);
  const size_t place = level.size();
  Target(*merge.relation, Access::kUpdate, level);
  if (level.at(place).relation != nullptr) {
    MayAdvanceSequence(*level.at(place).relation);
  }
  join->right = ItemLeaf(place);
  join->range = AllOf(level);
  AddFacts(merge.join_condition, {&level, join->range, &source_}, join->on);
  const RelationRef target =
      findings_.relations[static_cast<size_t>(level.at(place).reference)];
  for (const Node* node : PGBRAID_NODES(merge, merge_when_clauses)) {
    const auto* when = As<PgQuery__MergeWhenClause>(node);
    if (when == nullptr || when->matched) continue;
    join->kind = JoinTree::Kind::kLeft;
    if (when->command_type != PG_QUERY__CMD_TYPE__CMD_INSERT) continue;
    findings_.relations.push_back(target);
    findings_.relations.back().access = Access::kInsert;
  }
  StoreConditions(*join, level, {});
  Expressions(PGBRAID_NODES(merge, merge_when_clauses), level, {}, &scope);
  Expression(tree::Inside(merge.join_condition), level, {}, &scope);
}

void RelationCollector::Expressions(tree::Nodes nodes, const Level& level,
                                    const Facts& facts, const CteScope* ctes) {
  for (const Node* node : nodes) {
    Expression(tree::Inside(node), level, facts, ctes);
  }
}

void RelationCollector::Expression(const Message* root, const Level& level,
                                   const Facts& facts, const CteScope* ctes) {
  tree::Walk(root, [&](const Message& message) {
    const auto* link = As<PgQuery__SubLink>(&message);
    if (link == nullptr) return true;
    Expression(tree::Inside(link->testexpr), level, facts, ctes);
    const auto* select = As<PgQuery__SelectStmt>(link->subselect);
    if (select != nullptr) {
      Select(*select, {&level, &facts, ctes}, Access::kRead);
    }
    return false;
  });
}

}  // namespace pgbraid::sql
