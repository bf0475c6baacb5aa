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

std::unique_ptr<JoinTree> ItemLeaf(size_t place) {
  auto leaf = std::make_unique<JoinTree>();
  leaf->range = {place, place + 1};
  return leaf;
}

JoinTree::Kind KindOf(PgQuery__JoinType type) {
  switch (type) {
    case PG_QUERY__JOIN_TYPE__JOIN_INNER:
      return JoinTree::Kind::kInner;
    case PG_QUERY__JOIN_TYPE__JOIN_LEFT:
      return JoinTree::Kind::kLeft;
    case PG_QUERY__JOIN_TYPE__JOIN_RIGHT:
      return JoinTree::Kind::kRight;
    default:
      return JoinTree::Kind::kFull;
  }
}

// The names that the items of a range show to NATURAL JOIN, or nothing if they
// are not known.
std::optional<std::vector<std::string>> VisibleNames(const Level& level,
                                                     ItemRange range) {
  std::vector<std::string> names;
  for (size_t i = range.first; i < range.last; ++i) {
    const FromItem& item = level.at(i);
    if (item.hidden || item.qualified_only) continue;
    if (!item.columns_known) return std::nullopt;
    names.insert(names.end(), item.column_names.begin(),
                 item.column_names.end());
  }
  return names;
}

std::vector<std::string> SharedNames(std::vector<std::string> left,
                                     const std::vector<std::string>& right) {
  std::erase_if(left, [&](const std::string& name) {
    return std::find(right.begin(), right.end(), name) == right.end();
  });
  std::sort(left.begin(), left.end());
  left.erase(std::unique(left.begin(), left.end()), left.end());
  return left;
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

std::unique_ptr<JoinTree> RelationCollector::FromList(tree::Nodes items,
                                                      Level& level,
                                                      const Around& around,
                                                      const Locks& locks,
                                                      Access access) {
  std::unique_ptr<JoinTree> all;
  for (const Node* item : items) {
    all = JoinInner(std::move(all), From(item, level, around, locks, access));
  }
  return all;
}

std::unique_ptr<JoinTree> RelationCollector::From(const Node* node,
                                                  Level& level,
                                                  const Around& around,
                                                  const Locks& locks,
                                                  Access access) {
  if (const auto* join = As<PgQuery__JoinExpr>(node)) {
    return Join(*join, level, around, locks, access);
  }
  if (const auto* sample = As<PgQuery__RangeTableSample>(node)) {
    Expressions(PGBRAID_NODES(*sample, args), level, {}, around.ctes);
    Expression(tree::Inside(sample->repeatable), level, {}, around.ctes);
    return From(sample->relation, level, around, locks, access);
  }
  if (const auto* range = As<PgQuery__RangeVar>(node)) {
    FromRelation(*range, level, around, locks, access);
    return ItemLeaf(level.size() - 1);
  }
  FromItem item;
  const PgQuery__Alias* alias = nullptr;
  if (const auto* query = As<PgQuery__RangeSubselect>(node)) {
    alias = query->alias;
    const bool locked = alias != nullptr && locks.Covers(alias->aliasname);
    const auto* select = As<PgQuery__SelectStmt>(query->subquery);
    if (select != nullptr) {
      const Level* visible = query->lateral ? &level : around.level;
      Select(*select, {visible, around.facts, around.ctes},
             locked ? Access::kLockRows : access);
    }
  } else {
    // Functions and XMLTABLE see the items to their left.
    Expression(tree::Inside(node), level, {}, around.ctes);
    if (const auto* function = As<PgQuery__RangeFunction>(node)) {
      alias = function->alias;
    } else if (const auto* table = As<PgQuery__RangeTableFunc>(node)) {
      alias = table->alias;
    }
  }
  if (alias != nullptr) item.name = alias->aliasname;
  level.Add(std::move(item));
  return ItemLeaf(level.size() - 1);
}

void RelationCollector::FromRelation(const PgQuery__RangeVar& range,
                                     Level& level, const Around& around,
                                     const Locks& locks, Access access) {
  ++seen_;
  FromItem item;
  const PgQuery__Alias* alias = range.alias;
  item.name = alias != nullptr ? alias->aliasname : range.relname;
  const std::string_view schema = range.schemaname;
  bool is_cte = false;
  if (schema.empty()) {
    for (const CteScope* scope = around.ctes; scope != nullptr && !is_cte;
         scope = scope->outer) {
      is_cte = std::find(scope->names.begin(), scope->names.end(),
                         range.relname) != scope->names.end();
    }
  }
  if (!is_cte) {
    Resolve(range, locks.Covers(item.name) ? Access::kLockRows : access, item);
  }
  level.Add(std::move(item));
}

std::unique_ptr<JoinTree> RelationCollector::Join(const PgQuery__JoinExpr& join,
                                                  Level& level,
                                                  const Around& around,
                                                  const Locks& locks,
                                                  Access access) {
  auto tree = std::make_unique<JoinTree>();
  tree->kind = KindOf(join.jointype);
  tree->left = From(join.larg, level, around, locks, access);
  tree->right = From(join.rarg, level, around, locks, access);
  tree->range = {tree->left->range.first, tree->right->range.last};
  std::vector<std::string> merged;
  for (const Node* name : PGBRAID_NODES(join, using_clause)) {
    merged.emplace_back(tree::StringOf(name));
  }
  if (join.is_natural) {
    const auto left = VisibleNames(level, tree->left->range);
    const auto right = VisibleNames(level, tree->right->range);
    if (left && right) {
      merged = SharedNames(*left, *right);
    } else {
      level.GiveUpUnqualified();
    }
  }
  for (std::string& name : merged) {
    bool found = false;
    const Variable left = level.ResolveHere(name, tree->left->range, found);
    const Variable right = level.ResolveHere(name, tree->right->range, found);
    AddSame(left, right, source_, tree->on);
    Variable whole;
    if (tree->kind == JoinTree::Kind::kRight) {
      whole = right;
    } else if (tree->kind != JoinTree::Kind::kFull) {
      whole = left;
    }
    level.Merge(std::move(name), tree->range, whole);
  }
  AddFacts(join.quals, {&level, tree->range, &source_}, tree->on);
  Expression(tree::Inside(join.quals), level, {}, around.ctes);
  FromItem item;
  if (join.alias != nullptr) {
    for (size_t i = tree->range.first; i < tree->range.last; ++i) {
      level.at(i).hidden = true;
    }
    item.name = join.alias->aliasname;
  } else if (join.join_using_alias != nullptr) {
    item.name = join.join_using_alias->aliasname;
    item.qualified_only = true;
  } else {
    return tree;
  }
  level.Add(std::move(item));
  tree->range.last = level.size();
  return tree;
}

void RelationCollector::Target(const PgQuery__RangeVar& range, Access access,
                               Level& level) {
  ++seen_;
  FromItem item;
  item.name = range.alias != nullptr ? range.alias->aliasname : range.relname;
  Resolve(range, access, item);
  level.Add(std::move(item));
}

void RelationCollector::Resolve(const PgQuery__RangeVar& range, Access access,
                                FromItem& item) {
  const std::string_view database = range.catalogname;
  const Relation* relation =
      source_.catalog() == nullptr || !database.empty()
          ? nullptr
          : source_.catalog()->ResolveRelation(range.schemaname, range.relname,
                                               source_.path);
  const bool changes = access != Access::kRead && access != Access::kLockRows;
  RelationRef reference;
  reference.access = access;
  reference.through_view = !source_.from_client;
  if (relation == nullptr) {
    reference.schema = range.schemaname;
    reference.name = range.relname;
    item.reference = static_cast<int>(findings_.relations.size());
    findings_.relations.push_back(std::move(reference));
    const std::string reason =
        "the relation " + std::string(range.relname) + " is not known";
    findings_.MayWrite(reason);
    findings_.HideRelations(reason);
    return;
  }
  relations_.push_back(relation);
  item.relation = relation;
  if (range.alias == nullptr) item.schema = relation->schema;
  for (size_t i = 0; i < relation->columns.size(); ++i) {
    const bool renamed = range.alias != nullptr && i < range.alias->n_colnames;
    item.column_names.emplace_back(
        renamed ? tree::StringOf(range.alias->colnames[i])
                : std::string_view(relation->columns[i].name));
  }
  item.columns_known = true;
  const bool is_catalog = relation->schema == "pg_catalog" ||
                          relation->schema == "information_schema";
  const bool expand = relation->kind == Relation::Kind::kView && !is_catalog;
  if (expand)
    ExamineView(*relation, source_, changes ? Access::kRead : access,
                findings_);
  if (!expand || changes) {
    reference.oid = relation->oid;
    reference.schema = relation->schema;
    reference.name = relation->name;
    item.reference = static_cast<int>(findings_.relations.size());
    findings_.relations.push_back(std::move(reference));
  }
  if (changes) {
    CheckChange(*relation);
  } else {
    CheckRead(*relation);
  }
}

void RelationCollector::CheckRead(const Relation& relation) {
  if (relation.schema == "pg_catalog" ||
      relation.schema == "information_schema") {
    findings_.NeedPrimary("reads the system catalog " + relation.name);
  }
  if (relation.kind == Relation::Kind::kSequence) {
    findings_.NeedPrimary("reads the sequence " + relation.name);
  }
  if (relation.kind == Relation::Kind::kMaterializedView) {
    CheckContents(relation);
  }
  for (const Relation* member : source_.catalog()->WithDescendants(relation)) {
    if (member->kind == Relation::Kind::kForeign) {
      findings_.MayWrite("reads the foreign table " + member->name);
    }
    if (member->persistence != 'p') {
      findings_.NeedPrimary("reads the unlogged or temporary table " +
                            member->name);
    }
  }
  if (!relation.row_security || source_.StandsBehind(relation.oid)) return;
  Source behind = source_;
  behind.behind.push_back(relation.oid);
  for (const Policy& policy : relation.policies) {
    for (const std::string* expression :
         {&policy.using_expression, &policy.check_expression}) {
      if (!expression->empty()) ExamineStored(*expression, behind, findings_);
    }
  }
}

void RelationCollector::CheckContents(const Relation& view) {
  Findings of_view;
  ExamineView(view, source_, Access::kRead, of_view);
  if (of_view.hidden_relations) findings_.HideRelations(of_view.hidden_reason);
  for (RelationRef& reference : of_view.relations) {
    reference.condition = {};
    findings_.relations.push_back(std::move(reference));
  }
}

void RelationCollector::CheckChange(const Relation& relation) {
  CheckRead(relation);
  if (relation.kind == Relation::Kind::kView) {
    findings_.HideRelations("writes through the view " + relation.name);
  }
  for (const Relation* member : source_.catalog()->WithDescendants(relation)) {
    if (member->has_rules) {
      findings_.HideRelations("a rule on " + member->name +
                              " may reach other tables");
    }
    if (member->has_triggers) {
      findings_.taints = true;
      findings_.HideRelations("a trigger on " + member->name +
                              " may reach other tables");
    }
  }
}

void RelationCollector::CheckDefaults(const PgQuery__InsertStmt& insert,
                                      const Relation& relation) {
  for (const Column& column : relation.columns) {
    // A plain constant has no call in it.
    if (column.default_expression.find('(') == std::string::npos) continue;
    const tree::Nodes given = PGBRAID_NODES(insert, cols);
    const bool is_given =
        std::any_of(given.begin(), given.end(), [&](const Node* node) {
          const auto* target = As<PgQuery__ResTarget>(node);
          return target != nullptr && column.name == target->name;
        });
    if (is_given) continue;
    Findings of_default;
    ExamineStored(column.default_expression, source_, of_default);
    findings_.taints |= of_default.taints;
    // A sequence that is known belongs to its table.
    if (of_default.hidden_relations) {
      findings_.HideRelations(of_default.hidden_reason);
    }
  }
}

}  // namespace pgbraid::sql
