#include "topology/list_placement.h"

#include <gtest/gtest.h>

#include <array>

#include "topology/hash_placement.h"

namespace pgbraid::topology {
namespace {

ShardSet Of(const Placement& placement, KeyValue value) {
  std::array key = {std::move(value)};
  return placement.ForEqual(key);
}

ListPlacement Regions(std::optional<int> default_shard,
                      std::optional<int> null_shard) {
  return ListPlacement({{KeyValue::Text("us"), 1},
                        {KeyValue::Text("eu"), 0},
                        {KeyValue::Text("uk"), 0}},
                       default_shard, null_shard, 4);
}

TEST(ListPlacementTest, ListedValuesHaveTheirShard) {
  ListPlacement placement = Regions(std::nullopt, std::nullopt);
  EXPECT_EQ(Of(placement, KeyValue::Text("eu")), ShardSet::Single(0));
  EXPECT_EQ(Of(placement, KeyValue::Text("uk")), ShardSet::Single(0));
  EXPECT_EQ(Of(placement, KeyValue::Text("us")), ShardSet::Single(1));
}

TEST(ListPlacementTest, WithoutDefaultOtherValuesHaveNoPlace) {
  ListPlacement placement = Regions(std::nullopt, std::nullopt);
  EXPECT_TRUE(Of(placement, KeyValue::Text("EU")).empty());
  EXPECT_TRUE(Of(placement, KeyValue::Text("")).empty());
  EXPECT_TRUE(Of(placement, KeyValue::Null()).empty());
}

TEST(ListPlacementTest, DefaultTakesTheRestAndNullUnlessNullIsNamed) {
  ListPlacement with_default = Regions(2, std::nullopt);
  EXPECT_EQ(Of(with_default, KeyValue::Text("jp")), ShardSet::Single(2));
  EXPECT_EQ(Of(with_default, KeyValue::Null()), ShardSet::Single(2));
  ListPlacement with_both = Regions(2, 3);
  EXPECT_EQ(Of(with_both, KeyValue::Null()), ShardSet::Single(3));
  EXPECT_EQ(Of(with_both, KeyValue::Text("jp")), ShardSet::Single(2));
}

TEST(ListPlacementTest, RangesPruneNothing) {
  ListPlacement placement = Regions(2, 3);
  EXPECT_EQ(placement.ForRange(nullptr, nullptr), ShardSet::All(4));
}

TEST(ListPlacementTest, SameListIsTheSamePlacementInAnyOrder) {
  ListPlacement placement = Regions(2, 3);
  ListPlacement reordered({{KeyValue::Text("uk"), 0},
                           {KeyValue::Text("us"), 1},
                           {KeyValue::Text("eu"), 0}},
                          2, 3, 4);
  EXPECT_TRUE(placement.SameAs(reordered));
  EXPECT_FALSE(placement.SameAs(Regions(2, 1)));
  EXPECT_FALSE(placement.SameAs(Regions(1, 3)));
  EXPECT_FALSE(placement.SameAs(HashPlacement({{}}, 4)));
}

}  // namespace
}  // namespace pgbraid::topology
