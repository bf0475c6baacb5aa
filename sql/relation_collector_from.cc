// FROM: the items of a level, and the tree of joins that says how far facts
// reach among them.

#include <algorithm>
#include <utility>

#include "sql/relation_collector.h"

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Node;

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

}  // namespace pgbraid::sql
