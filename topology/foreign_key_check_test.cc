#include "topology/foreign_key_check.h"

#include <gtest/gtest.h>

#include <array>

#include "topology/shard_map.h"

namespace pgbraid::topology {
namespace {

class ForeignKeyCheckTest : public testing::Test {
 protected:
  ForeignKeyCheckTest() {
    StatusOr<ShardMap> parsed = ShardMap::Parse(
        "s0=a:1; s1=b:1",
        "customers:hash(id), orders:hash(customer_id), texts:hash(id), "
        "pairs:hash(a, b), countries:reference, first:shard(s0), "
        "second:shard(s1)");
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    KeyColumn int4{.type = KeyType::kInt4};
    KeyColumn int8{.type = KeyType::kInt8};
    KeyColumn text{.type = KeyType::kText};
    std::array tables = {TableKeyColumns{"public", "customers", {int8}},
                         TableKeyColumns{"public", "orders", {int4}},
                         TableKeyColumns{"public", "texts", {text}},
                         TableKeyColumns{"public", "pairs", {int4, text}}};
    StatusOr<ShardMap> bound = parsed->Bind(tables, 2);
    EXPECT_TRUE(bound.ok()) << bound.status();
    map_ = *std::move(bound);
  }

  std::string Problem(std::string_view source, std::string_view target,
                      std::vector<std::string> columns,
                      std::vector<std::string> target_columns) {
    ForeignKeyFacts key{"fk", std::move(columns), "public", std::string(target),
                        std::move(target_columns)};
    return ForeignKeyProblem(key, *map_->FindTable("public", source),
                             *map_->FindTable("public", target))
        .value_or("");
  }

  std::optional<ShardMap> map_;
};

TEST_F(ForeignKeyCheckTest, CoLocatedTablesMayReferByTheirKeys) {
  EXPECT_EQ(Problem("orders", "customers", {"customer_id"}, {"id"}), "");
  EXPECT_EQ(Problem("orders", "customers", {"x", "customer_id"}, {"y", "id"}),
            "");
  EXPECT_EQ(Problem("pairs", "pairs", {"b", "a"}, {"b", "a"}), "");
}

TEST_F(ForeignKeyCheckTest, KeysMustBePairedWithEachOther) {
  const char kProblem[] = "it does not contain the key of both tables";
  EXPECT_EQ(Problem("orders", "customers", {"other"}, {"id"}), kProblem);
  EXPECT_EQ(Problem("orders", "customers", {"customer_id", "x"}, {"y", "id"}),
            kProblem);
  EXPECT_EQ(Problem("pairs", "pairs", {"a"}, {"a"}), kProblem);
}

TEST_F(ForeignKeyCheckTest, OtherPlacementsReachOverShards) {
  EXPECT_EQ(Problem("orders", "texts", {"customer_id"}, {"id"}),
            "the two tables are not co-located");
  EXPECT_EQ(Problem("orders", "first", {"customer_id"}, {"id"}),
            "the two tables are not on the same shards");
  EXPECT_EQ(Problem("first", "second", {"x"}, {"id"}),
            "the two tables are not on the same shards");
}

TEST_F(ForeignKeyCheckTest, ReferenceTablesCanBeReferredToFromAnywhere) {
  for (const char* source : {"orders", "first", "second", "countries"}) {
    EXPECT_EQ(Problem(source, "countries", {"country"}, {"id"}), "") << source;
  }
  EXPECT_EQ(Problem("countries", "customers", {"x"}, {"id"}),
            "a reference table can only refer to a reference table");
}

TEST_F(ForeignKeyCheckTest, TablesOnOneShardReferFreely) {
  EXPECT_EQ(Problem("first", "first", {"x"}, {"y"}), "");
}

}  // namespace
}  // namespace pgbraid::topology
