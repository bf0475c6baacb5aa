#include "sql/join_tree.h"

#include <utility>

namespace pgbraid::sql {
namespace {

using JoinKind = JoinTree::Kind;

// What an outer join is, given what holds for its result.
JoinKind EffectiveKind(const JoinTree& tree, const Level& level,
                       const Facts& facts) {
  if (tree.kind == JoinKind::kLeft &&
      RejectNulls(facts, level, tree.right->range)) {
    return JoinKind::kInner;
  }
  if (tree.kind == JoinKind::kRight &&
      RejectNulls(facts, level, tree.left->range)) {
    return JoinKind::kInner;
  }
  return tree.kind;
}

Facts Both(const Facts& a, const Facts& b) {
  Facts both = a;
  both.Append(b);
  return both;
}

}  // namespace

std::unique_ptr<JoinTree> ItemLeaf(size_t place) {
  auto leaf = std::make_unique<JoinTree>();
  leaf->range = {place, place + 1};
  return leaf;
}

std::unique_ptr<JoinTree> JoinInner(std::unique_ptr<JoinTree> left,
                                    std::unique_ptr<JoinTree> right) {
  if (left == nullptr) return right;
  if (right == nullptr) return left;
  auto join = std::make_unique<JoinTree>();
  join->kind = JoinKind::kInner;
  join->range = {left->range.first, right->range.last};
  join->left = std::move(left);
  join->right = std::move(right);
  return join;
}

void ForEachItem(const JoinTree& tree, const Level& level, const Facts& facts,
                 const std::function<void(size_t, const Facts&)>& visit) {
  switch (EffectiveKind(tree, level, facts)) {
    case JoinKind::kItem:
      visit(tree.range.first, facts);
      return;
    case JoinKind::kInner: {
      const Facts both = Both(facts, tree.on);
      ForEachItem(*tree.left, level, both, visit);
      ForEachItem(*tree.right, level, both, visit);
      return;
    }
    case JoinKind::kLeft:
      ForEachItem(*tree.left, level, facts, visit);
      ForEachItem(*tree.right, level,
                  Both(WithoutItems(facts, level, tree.right->range), tree.on),
                  visit);
      return;
    case JoinKind::kRight:
      ForEachItem(*tree.right, level, facts, visit);
      ForEachItem(*tree.left, level,
                  Both(WithoutItems(facts, level, tree.left->range), tree.on),
                  visit);
      return;
    case JoinKind::kFull:
      ForEachItem(*tree.left, level, {}, visit);
      ForEachItem(*tree.right, level, {}, visit);
      return;
  }
}

Facts WithInnerJoins(const JoinTree& tree, const Level& level, Facts facts) {
  switch (EffectiveKind(tree, level, facts)) {
    case JoinKind::kItem:
    case JoinKind::kFull:
      return facts;
    case JoinKind::kInner:
      facts.Append(tree.on);
      return WithInnerJoins(
          *tree.right, level,
          WithInnerJoins(*tree.left, level, std::move(facts)));
    case JoinKind::kLeft:
      return WithInnerJoins(*tree.left, level, std::move(facts));
    case JoinKind::kRight:
      return WithInnerJoins(*tree.right, level, std::move(facts));
  }
  return facts;
}

}  // namespace pgbraid::sql
