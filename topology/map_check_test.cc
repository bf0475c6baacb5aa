#include "topology/map_check.h"

#include <gtest/gtest.h>

namespace pgbraid::topology {
namespace {

TableFacts Table(std::string name, std::vector<std::string> int_columns) {
  TableFacts table;
  table.schema = "public";
  table.name = std::move(name);
  for (std::string& column : int_columns) {
    table.columns.push_back(
        {.name = std::move(column), .type_oid = 23, .type_name = "integer"});
  }
  return table;
}

ShardMap Map(std::string_view shards, std::string_view tables) {
  StatusOr<ShardMap> map = ShardMap::Parse(shards, tables);
  EXPECT_TRUE(map.ok()) << map.status();
  return *std::move(map);
}

std::vector<std::string> Messages(const MapCheck& check) {
  std::vector<std::string> messages;
  for (const Finding& finding : check.findings) {
    messages.push_back((finding.is_error() ? "E " : "W ") + finding.message);
  }
  return messages;
}

constexpr char kTwoShards[] = "s0=a:1; s1=b:1";
using Lines = std::vector<std::string>;

TEST(MapCheckTest, TablesThatFitCanBeBound) {
  ShardMap map = Map(kTwoShards, "customers:hash(id), countries:reference");
  ShardFacts facts{{Table("customers", {"id"}), Table("countries", {"code"})}};
  MapCheck check = CheckMap(map, std::vector<ShardFacts>{facts, facts});
  EXPECT_EQ(Messages(check), Lines{});
  EXPECT_TRUE(check.ok());
  StatusOr<ShardMap> bound = map.Bind(check.keys, 2);
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_TRUE(bound->FindTable("public", "customers")->bound());
}

TEST(MapCheckTest, FindingsOfAllTablesComeAtOnce) {
  ShardMap map =
      Map(kTwoShards,
          "a:hash(id), b:hash(nope), c:list(id; 1.5 = s0; 'x' = s1), "
          "d:hash(id)");
  ShardFacts facts{
      {Table("a", {"id"}), Table("b", {"id"}), Table("c", {"id"})}};
  MapCheck check = CheckMap(map, std::vector<ShardFacts>{facts, facts});
  EXPECT_EQ(Messages(check),
            (Lines{"E table public.b: has no column nope on shard s0",
                   "E table public.b: has no column nope on shard s1",
                   "E --tables: character 38 (1.5): expected a value of type "
                   "int4 in its canonical form",
                   "E --tables: character 48 (x): expected a value of type "
                   "int4 in its canonical form",
                   "W table public.d: does not exist on any shard yet"}));
  EXPECT_FALSE(check.ok());
  ASSERT_EQ(check.keys.size(), 1u);
  EXPECT_EQ(check.keys[0].name, "a");
}

TEST(MapCheckTest, ForeignKeysOverShardsAreReportedOnce) {
  ShardMap map = Map(kTwoShards, "customers:hash(id), orders:hash(customer)");
  TableFacts orders = Table("orders", {"id", "customer", "clerk"});
  orders.foreign_keys = {
      {"orders_customer", {"customer"}, "public", "customers", {"id"}},
      {"orders_clerk", {"clerk"}, "public", "clerks", {"id"}}};
  ShardFacts facts{{Table("customers", {"id"}), orders}};
  MapCheck check = CheckMap(map, std::vector<ShardFacts>{facts, facts});
  EXPECT_EQ(Messages(check),
            (Lines{"E table public.orders: foreign key orders_clerk to "
                   "public.clerks cannot be kept: the two tables are not on "
                   "the same shards"}));
  ASSERT_EQ(check.keys.size(), 1u);
  EXPECT_EQ(check.keys[0].name, "customers");
}

TEST(MapCheckTest, UnlistedTablesCannotReferToShardedOnes) {
  ShardMap map = Map(kTwoShards, "customers:hash(id)");
  TableFacts notes = Table("notes", {"customer"});
  notes.foreign_keys = {
      {"notes_customer", {"customer"}, "public", "customers", {"id"}}};
  ShardFacts first{{Table("customers", {"id"}), notes}};
  ShardFacts second{{Table("customers", {"id"})}};
  MapCheck check = CheckMap(map, std::vector<ShardFacts>{first, second});
  EXPECT_EQ(Messages(check),
            (Lines{"E table public.notes: foreign key notes_customer to "
                   "public.customers cannot be kept: the two tables are not "
                   "on the same shards"}));
}

TEST(MapCheckTest, ATableOnOneShardIsLookedForThereOnly) {
  ShardMap map = Map(kTwoShards, "audit:shard(s1)");
  ShardFacts second{{Table("audit", {"id"})}};
  second.tables[0].uniques = {{"audit_pkey", {"id"}}};
  MapCheck check = CheckMap(map, std::vector<ShardFacts>{ShardFacts{}, second});
  EXPECT_EQ(Messages(check), Lines{});
}

TEST(MapCheckTest, ASingleShardKeepsEveryConstraint) {
  ShardMap map = Map("s0=a:1", "orders:hash(customer)");
  TableFacts orders = Table("orders", {"id", "customer"});
  orders.uniques = {{"orders_pkey", {"id"}}};
  orders.foreign_keys = {{"orders_x", {"id"}, "public", "x", {"id"}}};
  MapCheck check = CheckMap(map, std::vector<ShardFacts>{{{orders}}});
  EXPECT_EQ(Messages(check), Lines{});
  EXPECT_EQ(check.keys.size(), 1u);
}

}  // namespace
}  // namespace pgbraid::topology
