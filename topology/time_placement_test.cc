#include "topology/time_placement.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

#include "topology/key_parse.h"

namespace pgbraid::topology {
namespace {

constexpr TimeInterval kMonth{1, TimeInterval::Unit::kMonth};

KeyValue Time(std::string_view text) {
  ParsedKey parsed = FromTextParameter({.type = KeyType::kTimestamptz}, 0, text,
                                       {.utc = true});
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value;
}

ShardSet Of(const Placement& placement, KeyValue value) {
  std::array key = {std::move(value)};
  return placement.ForEqual(key);
}

TimePlacement Monthly(int shards, std::optional<int> null_shard = {}) {
  return TimePlacement(kMonth, KeyType::kTimestamptz, shards, null_shard);
}

TEST(TimePlacementTest, MonthsAreDealtRoundRobin) {
  TimePlacement placement = Monthly(3);
  EXPECT_EQ(Of(placement, Time("2000-01-15")), ShardSet::Single(0));
  EXPECT_EQ(Of(placement, Time("2000-02-01")), ShardSet::Single(1));
  EXPECT_EQ(Of(placement, Time("2000-04-01")), ShardSet::Single(0));
  EXPECT_EQ(Of(placement, Time("1999-12-31")), ShardSet::Single(2));
  EXPECT_EQ(Of(placement, Time("1999-09-30")), ShardSet::Single(2));
}

TEST(TimePlacementTest, AMonthOfEventsAsksTheShardThatHoldsIt) {
  TimePlacement placement = Monthly(4);
  KeyBound from{Time("2024-03-01"), true};
  KeyBound to{Time("2024-04-01"), false};
  EXPECT_EQ(placement.ForRange(&from, &to), Of(placement, Time("2024-03-10")));
  to.inclusive = true;
  EXPECT_EQ(placement.ForRange(&from, &to).size(), 2);
}

TEST(TimePlacementTest, LongAndOpenRangesAskAllShards) {
  TimePlacement placement = Monthly(4);
  KeyBound from{Time("2024-01-31"), true};
  KeyBound to{Time("2024-04-01"), true};
  EXPECT_EQ(placement.ForRange(&from, &to), ShardSet::All(4));
  EXPECT_EQ(placement.ForRange(&from, nullptr), ShardSet::All(4));
  EXPECT_EQ(placement.ForRange(nullptr, &to), ShardSet::All(4));
  EXPECT_TRUE(placement.ForRange(&to, &from).empty());
}

TEST(TimePlacementTest, RangesOverTheEpochWrapAround) {
  TimePlacement placement = Monthly(4);
  KeyBound from{Time("1999-12-01"), true};
  KeyBound to{Time("2000-01-31"), true};
  ShardSet shards = placement.ForRange(&from, &to);
  EXPECT_EQ(shards, ShardSet::Single(3) | ShardSet::Single(0));
}

TEST(TimePlacementTest, NullHasNoPlaceUnlessTheMapNamesOne) {
  EXPECT_TRUE(Of(Monthly(3), KeyValue::Null()).empty());
  EXPECT_EQ(Of(Monthly(3, 2), KeyValue::Null()), ShardSet::Single(2));
}

TEST(TimePlacementTest, SamePlacementNeedsIntervalTypeAndShards) {
  EXPECT_TRUE(Monthly(3).SameAs(Monthly(3)));
  EXPECT_FALSE(Monthly(3).SameAs(Monthly(4)));
  EXPECT_FALSE(
      Monthly(3).SameAs(TimePlacement({2, TimeInterval::Unit::kMonth},
                                      KeyType::kTimestamptz, 3, std::nullopt)));
  EXPECT_FALSE(Monthly(3).SameAs(
      TimePlacement(kMonth, KeyType::kDate, 3, std::nullopt)));
}

}  // namespace
}  // namespace pgbraid::topology
