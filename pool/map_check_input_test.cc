#include "pool/map_check_input.h"

#include <memory>
#include <utility>

#include "gtest/gtest.h"
#include "topology/map_check.h"

namespace pgbraid::pool {
namespace {

using sql::Relation;
using topology::ShardMap;

sql::Column MakeColumn(int16_t number, std::string name, std::string type,
                       sql::Oid oid) {
  sql::Column column;
  column.number = number;
  column.name = std::move(name);
  column.type = oid;
  column.type_schema = oid < sql::kFirstUserOid ? "pg_catalog" : "public";
  column.type_name = std::move(type);
  return column;
}

Relation MakeTable(sql::Oid oid, std::string name) {
  Relation relation;
  relation.oid = oid;
  relation.schema = "public";
  relation.name = std::move(name);
  relation.columns = {MakeColumn(1, "id", "int8", 20),
                      MakeColumn(2, "name", "text", 25)};
  return relation;
}

class MapCheckInputTest : public testing::Test {
 protected:
  MapCheckInputTest() {
    auto map = ShardMap::Parse("s0=127.0.0.1:5432/app; s1=127.0.0.1:5433/app",
                               "orders:hash(id), countries:reference");
    if (!map.ok()) std::abort();
    map_ = std::make_unique<ShardMap>(*std::move(map));
  }

  static void Below(Relation& parent, Relation& child) {
    parent.children.push_back(child.oid);
    child.parents.push_back(parent.oid);
    child.is_partition = true;
  }

  topology::ShardFacts Facts(std::vector<Relation> relations) {
    sql::Catalog::Builder builder;
    for (Relation& relation : relations) builder.Add(std::move(relation));
    LoadedCatalog loaded;
    loaded.catalog = builder.Build();
    loaded.details = std::make_shared<CatalogDetails>(details_);
    return FactsOf(*map_, loaded);
  }

  std::unique_ptr<ShardMap> map_;
  CatalogDetails details_;
};

TEST_F(MapCheckInputTest,
       LeavesOutTablesThatNeitherAreListedNorHaveForeignKeys) {
  const auto facts = Facts({MakeTable(20000, "orders"), MakeTable(20001, "x")});
  ASSERT_EQ(facts.tables.size(), 1u);
  EXPECT_EQ(facts.tables[0].schema, "public");
  EXPECT_EQ(facts.tables[0].name, "orders");
}

TEST_F(MapCheckInputTest, TellsWhatMattersOfColumns) {
  Relation orders = MakeTable(20000, "orders");
  orders.columns[0].not_null = true;
  orders.columns[0].default_expression = "nextval('public.s'::regclass)";
  orders.columns[1].deterministic_collation = false;
  orders.columns[1].type_modifier = 14;
  orders.columns.push_back(MakeColumn(3, "mood", "mood", 20010));
  orders.columns.push_back(MakeColumn(4, "double", "int8", 20));
  orders.columns[3].generated = 's';
  orders.columns[3].default_expression = "(id * 2)";
  orders.columns.push_back(MakeColumn(5, "nr", "int4", 23));
  orders.columns[4].identity = 'a';
  details_.At(20000).byte_order_columns = {"name"};
  const auto columns = Facts({orders}).tables.at(0).columns;
  ASSERT_EQ(columns.size(), 5u);
  EXPECT_EQ(columns[0].type_oid, 20u);
  EXPECT_EQ(columns[0].type_name, "int8");
  EXPECT_TRUE(columns[0].not_null);
  EXPECT_TRUE(columns[0].from_sequence);
  EXPECT_TRUE(columns[0].deterministic);
  EXPECT_FALSE(columns[0].byte_order);
  EXPECT_EQ(columns[1].typmod, 14);
  EXPECT_FALSE(columns[1].deterministic);
  EXPECT_TRUE(columns[1].byte_order);
  EXPECT_FALSE(columns[1].from_sequence);
  EXPECT_EQ(columns[2].type_name, "public.mood");
  EXPECT_TRUE(columns[3].generated);
  EXPECT_FALSE(columns[3].from_sequence);
  EXPECT_TRUE(columns[4].from_sequence);
}

TEST_F(MapCheckInputTest,
       TakesUniqueIndexesAndExclusionsWithTheirPlainColumns) {
  Relation orders = MakeTable(20000, "orders");
  orders.unique_indexes = {{"orders_pkey", {"id"}, true, false, false},
                           {"orders_lower", {"", "id"}, false, false, false},
                           {"orders_excl", {"id", "name"}, false, true, false}};
  details_.At(20000).exclusions = {{"orders_excl", {"id"}}};
  const auto uniques = Facts({orders}).tables.at(0).uniques;
  ASSERT_EQ(uniques.size(), 3u);
  EXPECT_EQ(uniques[0].name, "orders_excl");
  EXPECT_EQ(uniques[0].columns, std::vector<std::string>{"id"});
  EXPECT_EQ(uniques[1].name, "orders_pkey");
  EXPECT_EQ(uniques[2].columns, std::vector<std::string>{"id"});
}

TEST_F(MapCheckInputTest, ListedTableAnswersForItsPartitions) {
  Relation orders = MakeTable(20000, "orders");
  orders.kind = Relation::Kind::kPartitioned;
  orders.unique_indexes = {{"orders_pkey", {"id"}, true, false, false}};
  Relation leaf = MakeTable(20001, "orders_1");
  leaf.unique_indexes = {{"orders_1_pkey", {"id"}, true, false, false},
                         {"orders_1_name", {"name"}, false, false, false}};
  leaf.foreign_keys = {{"leaf_fk", {"id"}, 20002, {"id"}}};
  Below(orders, leaf);
  details_.At(20000).triggers = {{"audit", false}};
  details_.At(20001).triggers = {{"audit", false}, {"rewrite", true}};
  const auto facts = Facts({orders, leaf, MakeTable(20002, "countries")});
  ASSERT_EQ(facts.tables.size(), 2u);
  const topology::TableFacts& table = facts.tables[0];
  EXPECT_EQ(table.name, "orders");
  ASSERT_EQ(table.uniques.size(), 2u);
  EXPECT_EQ(table.uniques[1].name, "orders_1.orders_1_name");
  ASSERT_EQ(table.foreign_keys.size(), 1u);
  EXPECT_EQ(table.foreign_keys[0].name, "orders_1.leaf_fk");
  EXPECT_EQ(table.foreign_keys[0].target_table, "countries");
  ASSERT_EQ(table.triggers.size(), 2u);
  EXPECT_EQ(table.triggers[1].name, "orders_1.rewrite");
  EXPECT_TRUE(table.triggers[1].changes_rows);
}

TEST_F(MapCheckInputTest, ForeignKeyToAPartitionCountsAsOneToTheListedTable) {
  Relation orders = MakeTable(20000, "orders");
  orders.kind = Relation::Kind::kPartitioned;
  Relation leaf = MakeTable(20001, "orders_1");
  Below(orders, leaf);
  Relation other = MakeTable(20002, "notes");
  other.foreign_keys = {{"fk", {"id"}, 20001, {"id"}}};
  const auto facts = Facts({orders, leaf, other});
  ASSERT_EQ(facts.tables.size(), 2u);
  EXPECT_EQ(facts.tables[1].name, "notes");
  EXPECT_EQ(facts.tables[1].foreign_keys.at(0).target_table, "orders");
}

TEST_F(MapCheckInputTest, IsWhatCheckMapTakes) {
  Relation orders = MakeTable(20000, "orders");
  orders.unique_indexes = {{"orders_name", {"name"}, false, false, false}};
  sql::Catalog::Builder builder;
  builder.Add(orders).Add(MakeTable(20001, "countries"));
  LoadedCatalog loaded;
  loaded.catalog = builder.Build();
  loaded.details = std::make_shared<CatalogDetails>();
  const std::vector<LoadedCatalog> shards = {loaded, loaded};
  const auto check = topology::CheckMap(*map_, MapCheckInput(*map_, shards));
  ASSERT_EQ(check.findings.size(), 1u);
  EXPECT_NE(check.findings[0].message.find("orders_name"), std::string::npos);
  EXPECT_FALSE(check.ok());
}

}  // namespace
}  // namespace pgbraid::pool
