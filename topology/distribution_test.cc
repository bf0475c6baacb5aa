#include "topology/distribution.h"

#include <gtest/gtest.h>

#include <array>

namespace pgbraid::topology {
namespace {

constexpr int kShards = 4;

DistributionSpec Spec(DistributionKind kind,
                      std::vector<std::string> key_columns = {}) {
  DistributionSpec spec;
  spec.schema = "public";
  spec.name = "t";
  spec.kind = kind;
  spec.key_columns = std::move(key_columns);
  return spec;
}

TableDistribution Bound(DistributionSpec spec, std::vector<KeyType> types) {
  std::vector<KeyColumn> columns;
  for (KeyType type : types) columns.push_back({.type = type});
  auto bound = TableDistribution(std::move(spec), kShards).Bind(columns);
  EXPECT_TRUE(bound.ok()) << bound.status();
  return *std::move(bound);
}

TableDistribution Hash(std::vector<KeyType> types) {
  std::vector<std::string> names = {"a", "b", "c"};
  names.resize(types.size());
  return Bound(Spec(DistributionKind::kHash, names), types);
}

TableDistribution Range(std::string bound, KeyType type) {
  DistributionSpec spec = Spec(DistributionKind::kRange, {"a"});
  spec.range = {{{std::move(bound), 1}, 1}};
  spec.default_shard = 3;
  return Bound(std::move(spec), {type});
}

TEST(DistributionTest, UnboundAnswersAllShards) {
  TableDistribution table(Spec(DistributionKind::kHash, {"a"}), kShards);
  EXPECT_FALSE(table.bound());
  EXPECT_TRUE(table.key_types().empty());
  std::array key = {KeyValue::Int(1)};
  EXPECT_EQ(table.ForEqual(key), ShardSet::All(kShards));
  EXPECT_EQ(table.ForNull(), ShardSet::All(kShards));
  EXPECT_EQ(table.ForRange(nullptr, nullptr), ShardSet::All(kShards));
}

TEST(DistributionTest, BoundHashKnowsTheShardOfAKey) {
  TableDistribution table = Hash({KeyType::kInt8});
  EXPECT_TRUE(table.bound());
  std::array key = {KeyValue::Int(1)};
  EXPECT_EQ(table.ForEqual(key).size(), 1);
  EXPECT_EQ(table.ForNull(), ShardSet::Single(0));
}

TEST(DistributionTest, PartsOfAKeyOfSeveralColumnsPruneNothing) {
  TableDistribution table = Hash({KeyType::kInt4, KeyType::kText});
  EXPECT_EQ(table.ForNull(), ShardSet::All(kShards));
  EXPECT_EQ(table.ForRange(nullptr, nullptr), ShardSet::All(kShards));
  std::array key = {KeyValue::Int(1), KeyValue::Null()};
  EXPECT_EQ(table.ForEqual(key).size(), 1);
}

TEST(DistributionTest, RangeTablesPruneRanges) {
  TableDistribution table = Range("100", KeyType::kInt4);
  KeyBound lower{KeyValue::Int(100), true};
  EXPECT_EQ(table.ForRange(&lower, nullptr), ShardSet::Single(3));
  EXPECT_EQ(table.ForNull(), ShardSet::Single(3));
}

TEST(DistributionTest, TablesWithoutKeyAreBoundFromTheStart) {
  TableDistribution reference(Spec(DistributionKind::kReference), kShards);
  EXPECT_TRUE(reference.bound());
  EXPECT_EQ(reference.All(), ShardSet::All(kShards));
  DistributionSpec spec = Spec(DistributionKind::kSingle);
  spec.single_shard = 2;
  TableDistribution single(spec, kShards);
  EXPECT_TRUE(single.bound());
  EXPECT_EQ(single.All(), ShardSet::Single(2));
  EXPECT_EQ(single.ForEqual({}), ShardSet::Single(2));
}

TEST(DistributionTest, BindingAgainReplacesTheTypes) {
  TableDistribution table = Hash({KeyType::kInt8});
  KeyColumn text{.type = KeyType::kText};
  auto again = table.Bind({&text, 1});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->key_types(), std::vector<KeyColumn>{text});
  EXPECT_EQ(table.key_types()[0].type, KeyType::kInt8);
}

TEST(DistributionTest, HashTablesAreCoLocatedByTypeFamily) {
  EXPECT_TRUE(CoLocated(Hash({KeyType::kInt4}), Hash({KeyType::kInt8})));
  EXPECT_TRUE(CoLocated(Hash({KeyType::kText}), Hash({KeyType::kVarchar})));
  EXPECT_FALSE(CoLocated(Hash({KeyType::kInt4}), Hash({KeyType::kText})));
  EXPECT_FALSE(
      CoLocated(Hash({KeyType::kTimestamp}), Hash({KeyType::kTimestamptz})));
  EXPECT_FALSE(CoLocated(Hash({KeyType::kInt4}),
                         Hash({KeyType::kInt4, KeyType::kInt4})));
}

TEST(DistributionTest, UnboundTablesAreNotCoLocated) {
  TableDistribution unbound(Spec(DistributionKind::kHash, {"a"}), kShards);
  EXPECT_FALSE(CoLocated(unbound, Hash({KeyType::kInt4})));
  EXPECT_FALSE(CoLocated(unbound, unbound));
}

TEST(DistributionTest, RangeTablesAreCoLocatedByEqualBounds) {
  EXPECT_TRUE(
      CoLocated(Range("100", KeyType::kInt4), Range("0100", KeyType::kInt8)));
  EXPECT_FALSE(
      CoLocated(Range("100", KeyType::kInt4), Range("200", KeyType::kInt4)));
  EXPECT_FALSE(CoLocated(Range("100", KeyType::kInt4), Hash({KeyType::kInt4})));
}

TEST(DistributionTest, TablesWithoutKeyAreCoLocatedByPlace) {
  TableDistribution reference(Spec(DistributionKind::kReference), kShards);
  EXPECT_TRUE(CoLocated(reference, reference));
  DistributionSpec spec = Spec(DistributionKind::kSingle);
  TableDistribution first(spec, kShards);
  spec.single_shard = 1;
  TableDistribution second(spec, kShards);
  EXPECT_TRUE(CoLocated(first, first));
  EXPECT_FALSE(CoLocated(first, second));
  EXPECT_FALSE(CoLocated(first, reference));
}

}  // namespace
}  // namespace pgbraid::topology
