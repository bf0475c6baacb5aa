#include "topology/bind_placement.h"

#include <gtest/gtest.h>

#include <array>

namespace pgbraid::topology {
namespace {

DistributionSpec Spec(DistributionKind kind) {
  DistributionSpec spec;
  spec.schema = "public";
  spec.name = "t";
  spec.kind = kind;
  spec.key_columns = {"k"};
  return spec;
}

std::string ErrorOf(const DistributionSpec& spec, KeyColumn column) {
  Status status = BindPlacement(spec, {&column, 1}, 3).status();
  if (status.ok()) return "";
  EXPECT_EQ(SqlStateOf(status), "22023");
  return MessageOf(status);
}

TEST(BindPlacementTest, AllFindingsAreReportedAtOnce) {
  DistributionSpec spec = Spec(DistributionKind::kList);
  spec.list = {{{{"1", 10}, {"1.5", 13}}, 0}, {{{"x", 20}, {"01", 25}}, 1}};
  EXPECT_EQ(ErrorOf(spec, {.type = KeyType::kInt4}),
            "--tables: character 13 (1.5): expected a value of type int4 in "
            "its canonical form\n"
            "--tables: character 20 (x): expected a value of type int4 in its "
            "canonical form\n"
            "--tables: character 25 (01): this value stands in the list twice");
}

TEST(BindPlacementTest, ListValuesLeadToTheirShard) {
  DistributionSpec spec = Spec(DistributionKind::kList);
  spec.list = {{{{"2024-01-01", 1}}, 2}};
  KeyColumn column{.type = KeyType::kDate};
  auto placement = BindPlacement(spec, {&column, 1}, 3);
  ASSERT_TRUE(placement.ok());
  std::array key = {KeyValue::Int(8766)};
  EXPECT_EQ((*placement)->ForEqual(key), ShardSet::Single(2));
}

TEST(BindPlacementTest, RangeBoundsMustAscendStrictly) {
  DistributionSpec spec = Spec(DistributionKind::kRange);
  spec.range = {{{"1000", 5}, 0}, {{"1000", 15}, 1}, {{"999", 25}, 2}};
  EXPECT_EQ(ErrorOf(spec, {.type = KeyType::kInt8}),
            "--tables: character 15 (1000): expected a bound above the one "
            "before it\n"
            "--tables: character 25 (999): expected a bound above the one "
            "before it");
}

TEST(BindPlacementTest, ValuesBeyondTheTypeAreNamedAsSuch) {
  DistributionSpec spec = Spec(DistributionKind::kRange);
  spec.range = {{{"40000", 5}, 0}};
  EXPECT_EQ(ErrorOf(spec, {.type = KeyType::kInt2}),
            "--tables: character 5 (40000): this value is out of the range of "
            "type int2");
  EXPECT_EQ(ErrorOf(spec, {.type = KeyType::kInt4}), "");
}

TEST(BindPlacementTest, TextSplitByRangeNeedsByteOrder) {
  DistributionSpec spec = Spec(DistributionKind::kRange);
  spec.range = {{{"m", 5}, 0}};
  EXPECT_EQ(ErrorOf(spec, {.type = KeyType::kText, .byte_order = true}), "");
  EXPECT_EQ(ErrorOf(spec, {.type = KeyType::kText}),
            "--tables: table public.t: key column k needs the collation \"C\" "
            "to be split by range");
}

TEST(BindPlacementTest, NondeterministicCollationsAreNoKeys) {
  EXPECT_EQ(ErrorOf(Spec(DistributionKind::kHash),
                    {.type = KeyType::kVarchar, .deterministic = false}),
            "--tables: table public.t: key column k has a collation that is "
            "not deterministic");
}

TEST(BindPlacementTest, TimeNeedsATemporalColumn) {
  DistributionSpec spec = Spec(DistributionKind::kTime);
  EXPECT_EQ(ErrorOf(spec, {.type = KeyType::kTimestamptz}), "");
  EXPECT_EQ(ErrorOf(spec, {.type = KeyType::kInt8}),
            "--tables: table public.t: key column k is int8; time() needs "
            "date, timestamp or timestamptz");
}

TEST(BindPlacementTest, AsManyTypesAsColumns) {
  EXPECT_FALSE(BindPlacement(Spec(DistributionKind::kHash), {}, 3).ok());
}

}  // namespace
}  // namespace pgbraid::topology
