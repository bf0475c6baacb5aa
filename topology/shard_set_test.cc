#include "topology/shard_set.h"

#include <gtest/gtest.h>

#include <vector>

namespace pgbraid::topology {
namespace {

std::vector<int> Members(const ShardSet& set) {
  return std::vector<int>(set.begin(), set.end());
}

TEST(ShardSetTest, BeginsEmpty) {
  ShardSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.size(), 0);
  EXPECT_EQ(Members(set), std::vector<int>{});
}

TEST(ShardSetTest, AllHoldsTheFirstShardsUpToEveryCount) {
  for (int count = 0; count <= ShardSet::kMaxShards; ++count) {
    ShardSet set = ShardSet::All(count);
    EXPECT_EQ(set.size(), count);
    EXPECT_EQ(set.Contains(count - 1), count > 0);
    EXPECT_FALSE(set.Contains(count));
  }
}

TEST(ShardSetTest, VisitsMembersInAscendingOrderOverWordBounds) {
  ShardSet set;
  for (int shard : {255, 0, 128, 63, 64, 127}) set.Add(shard);
  EXPECT_EQ(Members(set), (std::vector<int>{0, 63, 64, 127, 128, 255}));
  EXPECT_EQ(set.First(), 0);
}

TEST(ShardSetTest, UnionAndIntersectionWorkByMember) {
  ShardSet a = ShardSet::Single(3) | ShardSet::Single(200);
  ShardSet b = ShardSet::Single(200) | ShardSet::Single(64);
  EXPECT_EQ(Members(a | b), (std::vector<int>{3, 64, 200}));
  EXPECT_EQ(Members(a & b), (std::vector<int>{200}));
  EXPECT_EQ(a & ShardSet(), ShardSet());
}

TEST(ShardSetTest, NumbersOutOfRangeAreNoMembers) {
  ShardSet set = ShardSet::All(ShardSet::kMaxShards);
  EXPECT_FALSE(set.Contains(-1));
  EXPECT_FALSE(set.Contains(ShardSet::kMaxShards));
}

TEST(ShardSetDeathTest, AddingAShardOutOfRangeEndsTheProcess) {
  ShardSet set;
  EXPECT_DEATH(set.Add(ShardSet::kMaxShards), "check failed");
  EXPECT_DEATH(set.First(), "check failed");
}

}  // namespace
}  // namespace pgbraid::topology
