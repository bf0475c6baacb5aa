// The joins of a FROM clause, and how facts travel through them. Internal to
// the analysis.
//
// A row matters only if some row of the result would be another without it.
//  - Inner join, comma: its ON is a fact for both sides, and so is what holds
//    for the join as a whole.
//  - Left join: the left side has what holds for the whole. A row of the right
//    side matters only together with a left row, whose own facts hold, and for
//    which ON is true. Facts of the whole that speak of the right side do not
//    restrict it (it may be NULL there), unless one of them cannot hold for
//    NULLs: then the join is an inner one.
//  - Right join: the mirror image. Full join: nothing is known of either side.
#ifndef PGBRAID_SQL_JOIN_TREE_H_
#define PGBRAID_SQL_JOIN_TREE_H_

#include <functional>
#include <memory>

#include "sql/facts.h"
#include "sql/scope.h"

namespace pgbraid::sql {

struct JoinTree {
  enum class Kind { kItem, kInner, kLeft, kRight, kFull };
  Kind kind = Kind::kItem;
  ItemRange range;  // its items in the level; one for kItem
  std::unique_ptr<JoinTree> left;
  std::unique_ptr<JoinTree> right;
  Facts on;
};

// The leaf of the item at `place`.
std::unique_ptr<JoinTree> ItemLeaf(size_t place);

// An inner join of both; either may be null.
std::unique_ptr<JoinTree> JoinInner(std::unique_ptr<JoinTree> left,
                                    std::unique_ptr<JoinTree> right);

// Calls visit(item's place, facts that restrict it) for every item, where
// `facts` hold for the tree as a whole.
void ForEachItem(const JoinTree& tree, const Level& level, const Facts& facts,
                 const std::function<void(size_t, const Facts&)>& visit);

// `facts` with those ON conditions that hold for every row of the whole.
Facts WithInnerJoins(const JoinTree& tree, const Level& level, Facts facts);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_JOIN_TREE_H_
