#include "topology/hash_placement.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "topology/pg_hash.h"

namespace pgbraid::topology {
namespace {

const std::vector<KeyColumn> kIntText = {{.type = KeyType::kInt4},
                                         {.type = KeyType::kText}};

TEST(HashPlacementTest, EveryKeyHasOneShardAndAllShardsAreUsed) {
  HashPlacement placement({{.type = KeyType::kInt8}}, 5);
  ShardSet used;
  for (int64_t i = 0; i < 100; ++i) {
    std::array key = {KeyValue::Int(i)};
    ShardSet shards = placement.ForEqual(key);
    EXPECT_EQ(shards.size(), 1);
    used |= shards;
  }
  EXPECT_EQ(used, ShardSet::All(5));
}

TEST(HashPlacementTest, NullSingleKeyIsRemainderZero) {
  HashPlacement placement({{.type = KeyType::kText}}, 5);
  std::array key = {KeyValue::Null()};
  EXPECT_EQ(placement.ForEqual(key), ShardSet::Single(0));
}

TEST(HashPlacementTest, KeysOfSeveralColumnsAreCombined) {
  HashPlacement placement(kIntText, 64);
  std::array key = {KeyValue::Int(7), KeyValue::Text("x")};
  EXPECT_EQ(placement.ForEqual(key),
            ShardSet::Single(HashPartition(kIntText, key, 64)));
}

TEST(HashPlacementTest, RangesPruneNothing) {
  HashPlacement placement({{.type = KeyType::kInt8}}, 3);
  KeyBound one{KeyValue::Int(1), true};
  EXPECT_EQ(placement.ForRange(&one, &one), ShardSet::All(3));
}

TEST(HashPlacementTest, SameModulusIsTheSamePlacement) {
  HashPlacement four({{.type = KeyType::kInt4}}, 4);
  HashPlacement wide_four({{.type = KeyType::kInt8}}, 4);
  HashPlacement five({{.type = KeyType::kInt4}}, 5);
  EXPECT_TRUE(four.SameAs(wide_four));
  EXPECT_FALSE(four.SameAs(five));
}

}  // namespace
}  // namespace pgbraid::topology
