#include "topology/range_placement.h"

#include <gtest/gtest.h>

#include <array>

namespace pgbraid::topology {
namespace {

ShardSet Of(const Placement& placement, KeyValue value) {
  std::array key = {std::move(value)};
  return placement.ForEqual(key);
}

ShardSet Shards(std::initializer_list<int> shards) {
  ShardSet set;
  for (int shard : shards) set.Add(shard);
  return set;
}

// < 10 on 0, < 20 on 1, < 30 on 0, the rest on 2.
RangePlacement Numbers() {
  return RangePlacement(
      {{KeyValue::Int(10), 0}, {KeyValue::Int(20), 1}, {KeyValue::Int(30), 0}},
      2, std::nullopt);
}

KeyBound At(int64_t value) { return {KeyValue::Int(value), true}; }
KeyBound Beyond(int64_t value) { return {KeyValue::Int(value), false}; }

ShardSet Between(const Placement& placement, KeyBound lower, KeyBound upper) {
  return placement.ForRange(&lower, &upper);
}

TEST(RangePlacementTest, BoundsBelongToTheNextRange) {
  RangePlacement placement = Numbers();
  EXPECT_EQ(Of(placement, KeyValue::Int(INT64_MIN)), Shards({0}));
  EXPECT_EQ(Of(placement, KeyValue::Int(9)), Shards({0}));
  EXPECT_EQ(Of(placement, KeyValue::Int(10)), Shards({1}));
  EXPECT_EQ(Of(placement, KeyValue::Int(29)), Shards({0}));
  EXPECT_EQ(Of(placement, KeyValue::Int(30)), Shards({2}));
}

TEST(RangePlacementTest, RangesAskExactlyTheShardsTheyCross) {
  RangePlacement placement = Numbers();
  EXPECT_EQ(Between(placement, At(0), At(9)), Shards({0}));
  EXPECT_EQ(Between(placement, At(0), At(10)), Shards({0, 1}));
  EXPECT_EQ(Between(placement, At(0), Beyond(10)), Shards({0}));
  EXPECT_EQ(Between(placement, Beyond(9), Beyond(20)), Shards({1}));
  EXPECT_EQ(Between(placement, At(10), At(19)), Shards({1}));
  EXPECT_EQ(Between(placement, At(25), At(1000)), Shards({0, 2}));
  EXPECT_EQ(Between(placement, At(-5), At(1000)), Shards({0, 1, 2}));
}

TEST(RangePlacementTest, OpenRangesReachToTheEnds) {
  RangePlacement placement = Numbers();
  KeyBound at_thirty = At(30);
  KeyBound below_ten = Beyond(10);
  EXPECT_EQ(placement.ForRange(&at_thirty, nullptr), Shards({2}));
  EXPECT_EQ(placement.ForRange(nullptr, &below_ten), Shards({0}));
  EXPECT_EQ(placement.ForRange(nullptr, nullptr), Shards({0, 1, 2}));
}

TEST(RangePlacementTest, ContradictionsAskNobody) {
  RangePlacement placement = Numbers();
  EXPECT_TRUE(Between(placement, At(5), At(4)).empty());
  EXPECT_TRUE(Between(placement, Beyond(5), Beyond(6)).empty());
  EXPECT_TRUE(Between(placement, Beyond(5), At(5)).empty());
}

TEST(RangePlacementTest, EveryRangeAgreesWithItsValuesOneByOne) {
  RangePlacement placement = Numbers();
  for (int64_t low = 5; low < 35; ++low) {
    for (int64_t high = low; high < 35; ++high) {
      ShardSet expected;
      for (int64_t v = low; v <= high; ++v) {
        expected |= Of(placement, KeyValue::Int(v));
      }
      EXPECT_EQ(Between(placement, At(low), At(high)), expected);
      EXPECT_EQ(Between(placement, Beyond(low - 1), Beyond(high + 1)),
                expected);
    }
  }
}

TEST(RangePlacementTest, WithoutRestHighValuesAndNullHaveNoPlace) {
  RangePlacement placement({{KeyValue::Int(10), 0}}, std::nullopt,
                           std::nullopt);
  EXPECT_TRUE(Of(placement, KeyValue::Int(10)).empty());
  EXPECT_TRUE(Of(placement, KeyValue::Null()).empty());
  KeyBound at_ten = At(10);
  EXPECT_TRUE(placement.ForRange(&at_ten, nullptr).empty());
}

TEST(RangePlacementTest, NullGoesWhereTheMapSaysOrWithTheRest) {
  EXPECT_EQ(Of(Numbers(), KeyValue::Null()), Shards({2}));
  RangePlacement named({{KeyValue::Int(10), 0}}, 2, 1);
  EXPECT_EQ(Of(named, KeyValue::Null()), Shards({1}));
}

TEST(RangePlacementTest, TextIsSplitByItsBytes) {
  RangePlacement placement({{KeyValue::Text("a"), 0}, {KeyValue::Text("n"), 1}},
                           2, std::nullopt);
  EXPECT_EQ(Of(placement, KeyValue::Text("Zebra")), Shards({0}));
  EXPECT_EQ(Of(placement, KeyValue::Text("a")), Shards({1}));
  EXPECT_EQ(Of(placement, KeyValue::Text("\xC3\xA4")), Shards({2}));
  KeyBound lower{KeyValue::Text("b"), false};
  KeyBound upper{KeyValue::Text("n"), false};
  EXPECT_EQ(placement.ForRange(&lower, &upper), Shards({1}));
  EXPECT_TRUE(placement.ForRange(&upper, &lower).empty());
  KeyBound at_n{KeyValue::Text("n"), true};
  EXPECT_EQ(placement.ForRange(&at_n, &at_n), Shards({2}));
  EXPECT_TRUE(placement.ForRange(&upper, &at_n).empty());
}

TEST(RangePlacementTest, SameBoundsAndShardsAreTheSamePlacement) {
  EXPECT_TRUE(Numbers().SameAs(Numbers()));
  RangePlacement other({{KeyValue::Int(11), 0}}, 2, std::nullopt);
  EXPECT_FALSE(Numbers().SameAs(other));
}

}  // namespace
}  // namespace pgbraid::topology
