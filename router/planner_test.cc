#include "router/planner.h"

#include <gtest/gtest.h>

#include <string>

#include "router/planning_fixture.h"
#include "wire/bind.h"

namespace pgbraid::router {
namespace {

class PlannerTest : public testing::Test, protected PlanningFixture {
 protected:
  // Binds text parameters to `text`, declared with `types`.
  std::string WhereBound(const std::string& text, wire::Values values,
                         std::vector<wire::Oid> types = {}) {
    std::string message;
    wire::AppendTextBind("", "", values, &message);
    wire::BindMessage bind;
    EXPECT_TRUE(
        wire::ParseBind(std::string_view(message).substr(5), &bind).ok());
    return Where(PlanOf(text, &bind, std::move(types)));
  }
};

TEST_F(PlannerTest, AKeyGoesToTheShardOfItsHash) {
  for (int key : {1, 2, 3, 4, 5, 77, -9}) {
    std::string text = std::to_string(key);
    EXPECT_EQ(Where("SELECT * FROM customers WHERE id = " + text),
              ShardOf(key));
    EXPECT_EQ(Where("UPDATE customers SET name = 'x' WHERE id = " + text),
              ShardOf(key));
    EXPECT_EQ(Where("DELETE FROM customers WHERE id = '" + text + "'"),
              ShardOf(key));
    EXPECT_EQ(Where("INSERT INTO customers VALUES (" + text + ", 'x')"),
              ShardOf(key));
  }
}

TEST_F(PlannerTest, WritesNeverGoToAStandbyAndReadsMay) {
  EXPECT_TRUE(PlanOf("SELECT name FROM customers WHERE id = 1").standby);
  EXPECT_FALSE(PlanOf("DELETE FROM customers WHERE id = 1").standby);
  EXPECT_FALSE(
      PlanOf("SELECT * FROM customers WHERE id = 1 FOR UPDATE").standby);
  EXPECT_FALSE(PlanOf("SELECT 1; DELETE FROM customers WHERE id = 1").standby);
}

TEST_F(PlannerTest, AReadWithoutAProvableKeyAsksAllShards) {
  for (std::string condition :
       {"id = 1.0", "id = '1e2'", "id::text = '1'", "id = 1 OR name = 'x'",
        "NOT id = 1", "id IN (1, 2.0)", "id = 1 + 1"}) {
    EXPECT_EQ(Where("SELECT * FROM customers WHERE " + condition), "s0,s1,s2")
        << condition;
  }
}

TEST_F(PlannerTest, AWriteWithoutAProvableKeyIsRefused) {
  for (std::string text :
       {"UPDATE customers SET name = 'x' WHERE id = 1.0",
        "UPDATE customers SET name = 'x'", "DELETE FROM customers",
        "INSERT INTO customers VALUES (1 + 1, 'x')",
        "INSERT INTO customers (name) VALUES ('x')",
        "INSERT INTO customers VALUES (DEFAULT, 'x')",
        "INSERT INTO customers SELECT 1, 'x'", "TRUNCATE customers",
        "UPDATE customers SET id = 2 WHERE id = 1",
        "INSERT INTO customers VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET "
        "id = 2",
        "INSERT INTO watched VALUES (1, 'x')",
        "UPDATE countries SET name = 'x'"}) {
    EXPECT_TRUE(Where(text).starts_with("0A000: ")) << text << Where(text);
  }
}

TEST_F(PlannerTest, SeveralRowsOfOneShardGoThereOthersAreRefused) {
  int other = 2;
  while (ShardOf(other) == ShardOf(1)) ++other;
  int same = 2;
  while (ShardOf(same) != ShardOf(1)) ++same;
  EXPECT_EQ(Where("INSERT INTO customers VALUES (1, 'x'), (" +
                  std::to_string(same) + ", 'y')"),
            ShardOf(1));
  EXPECT_TRUE(
      Where("INSERT INTO customers VALUES (1, 'x'), (" + std::to_string(other) +
            ", 'y')")
          .starts_with("0A000: an INSERT whose rows belong to several"));
}

TEST_F(PlannerTest, NullsGoWhereTheMapPutsThem) {
  EXPECT_EQ(Where("SELECT * FROM customers WHERE id IS NULL"), "s0");
  EXPECT_EQ(Where("SELECT * FROM customers WHERE id = NULL"), "any");
  EXPECT_EQ(Where("INSERT INTO customers VALUES (NULL, 'x')"), "s0");
  // A list that names no shard for NULL or for other values has none.
  EXPECT_EQ(Where("SELECT * FROM regions WHERE code IS NULL"), "any");
  EXPECT_EQ(Where("SELECT * FROM regions WHERE code = 'jp'"), "any");
  EXPECT_TRUE(Where("INSERT INTO regions VALUES ('jp', 'x')")
                  .starts_with("23514: no shard of table"));
}

TEST_F(PlannerTest, RangesAndMonthsAskOnlyTheShardsThatHoldThem) {
  EXPECT_EQ(Where("SELECT * FROM levels WHERE n < 100"), "s0");
  EXPECT_EQ(Where("SELECT * FROM levels WHERE n BETWEEN 100 AND 199"), "s1");
  EXPECT_EQ(Where("SELECT * FROM levels WHERE n > 150"), "s1,s2");
  EXPECT_EQ(Where("SELECT * FROM levels WHERE n >= 200 AND n < 50"), "any");
  // Month 288 after January 2000, dealt round-robin over three shards.
  EXPECT_EQ(Where("SELECT count(*) FROM events WHERE at >= '2024-01-01 "
                  "00:00:00+00' AND at < '2024-02-01 00:00:00+00'"),
            "s0");
  EXPECT_EQ(Where("SELECT * FROM events WHERE at = '2024-02-05 10:00:00+00'"),
            "s1");
}

TEST_F(PlannerTest, AKeyOfTwoColumnsNeedsBoth) {
  EXPECT_EQ(PlanOf("SELECT * FROM pairs WHERE a = 1 AND b = 'x'").kind,
            Plan::Kind::kOneShard);
  EXPECT_EQ(PlanOf("SELECT * FROM pairs WHERE (a, b) = (1, 'x')").kind,
            Plan::Kind::kOneShard);
  EXPECT_EQ(Where("SELECT * FROM pairs WHERE a = 1"), "s0,s1,s2");
}

TEST_F(PlannerTest, JoinsStayWhereAllTheirKeysAre) {
  EXPECT_EQ(Where("SELECT * FROM customers c JOIN orders o ON o.customer_id = "
                  "c.id WHERE c.id = 3"),
            ShardOf(3));
  EXPECT_EQ(Where("SELECT * FROM customers c JOIN countries k ON k.code = "
                  "c.name WHERE c.id = 3"),
            ShardOf(3));
  EXPECT_TRUE(Where("SELECT * FROM customers c JOIN orders o ON o.customer_id "
                    "= c.id")
                  .starts_with("0A000"));
  EXPECT_TRUE(Where("SELECT * FROM customers c, orders o WHERE c.id = 3")
                  .starts_with("0A000"));
  EXPECT_TRUE(Where("SELECT * FROM plain p, notes n WHERE p.a = n.a")
                  .starts_with("0A000: tables of different shards"));
}

TEST_F(PlannerTest, TablesOfOneShardAndReferenceTables) {
  EXPECT_EQ(Where("SELECT count(*) FROM plain"), "s0");
  EXPECT_EQ(Where("SELECT count(*) FROM notes"), "s1");
  EXPECT_EQ(Where("SELECT n.a FROM notes n, countries k"), "s1");
  EXPECT_EQ(Where("SELECT count(*) FROM countries"), "any");
  EXPECT_EQ(Where("SELECT 1"), "any");
}

TEST_F(PlannerTest, WhatWouldHaveToBeMergedIsRefusedWithItsReason) {
  EXPECT_EQ(Where("SELECT count(*) FROM customers"),
            "0A000: the aggregate count over several shards is not supported");
  EXPECT_EQ(Where("SELECT * FROM customers ORDER BY name"),
            "0A000: ORDER BY over several shards is not supported");
  for (std::string text :
       {"SELECT * FROM customers LIMIT 1",
        "SELECT DISTINCT name FROM customers",
        "SELECT name FROM customers UNION SELECT item FROM orders",
        "SELECT now(), name FROM customers", "SELECT ctid FROM customers",
        "SELECT * FROM names WHERE id = 1", "SELECT total()",
        "SELECT * FROM events WHERE at = 'today'",
        "SELECT * FROM events WHERE at < '12:00 Tomorrow'",
        "SELECT * FROM events WHERE at = ANY ('{now}')",
        "EXPLAIN SELECT * FROM customers"}) {
    EXPECT_TRUE(Where(text).starts_with("0A000: ")) << text;
  }
}

TEST_F(PlannerTest, ASyntaxErrorIsPostgresqlsOwn) {
  EXPECT_EQ(Where("SELEC 1"), "42601: syntax error at or near \"SELEC\"");
}

TEST_F(PlannerTest, SeveralStatementsGoToOneShardOrNowhere) {
  EXPECT_EQ(Where("SELECT 1; SELECT * FROM customers WHERE id = 1; "
                  "SELECT * FROM orders WHERE customer_id = 1"),
            ShardOf(1));
  EXPECT_TRUE(Where("SELECT count(*) FROM plain; SELECT count(*) FROM notes")
                  .starts_with("0A000: statements on different shards"));
  EXPECT_TRUE(
      Where("SELECT 1; SELECT * FROM customers").starts_with("0A000: "));
}

TEST_F(PlannerTest, ParametersAreReadWhereTheirTypeIsCertain) {
  const std::string read = "SELECT * FROM customers WHERE id = $1";
  EXPECT_EQ(WhereBound(read, {"5"}), ShardOf(5));
  EXPECT_EQ(WhereBound(read, {"5"}, {20}), ShardOf(5));
  EXPECT_EQ(WhereBound(read, {std::nullopt}), "any");
  EXPECT_EQ(WhereBound(read, {" 5"}), "s0,s1,s2");
  // Declared as float8 it may be rounded.
  EXPECT_EQ(WhereBound(read, {"5"}, {701}), "s0,s1,s2");
  // Used twice and undeclared: the other place may have given it its type.
  EXPECT_EQ(
      WhereBound("SELECT * FROM customers WHERE $1 < 2.5 AND id = $1", {"5"}),
      "s0,s1,s2");
  EXPECT_EQ(WhereBound("SELECT * FROM customers WHERE $1 > 2 AND id = $1",
                       {"5"}, {23}),
            ShardOf(5));
  EXPECT_EQ(
      WhereBound("SELECT * FROM customers WHERE id = ANY($1)", {"{5}"}, {1007}),
      ShardOf(5));
  EXPECT_EQ(WhereBound("SELECT * FROM customers WHERE id = ANY($1)",
                       {"{5,NULL}"}, {1007}),
            "s0,s1,s2");
  EXPECT_EQ(WhereBound("INSERT INTO customers VALUES ($1, $2)", {"5", "x"}),
            ShardOf(5));
}

TEST_F(PlannerTest, AHintDecidesOverEverythingElse) {
  sql::Hint hint;
  hint.shard = "s2";
  EXPECT_EQ(Where(PlanOf("SELECT count(*) FROM customers", nullptr, {}, hint)),
            "s2");
  hint.shard = "s9";
  EXPECT_TRUE(Where(PlanOf("SELECT 1", nullptr, {}, hint))
                  .starts_with("22023: hint names the shard \"s9\""));
  sql::Hint primary;
  primary.primary = true;
  EXPECT_FALSE(
      PlanOf("SELECT * FROM customers WHERE id = 1", nullptr, {}, primary)
          .standby);
}

TEST_F(PlannerTest, CombiningKeepsTheShardAndTheStricterClass) {
  Plan one = PlanOf("SELECT * FROM plain");
  Plan any = PlanOf("SELECT 1");
  Plan write = PlanOf("DELETE FROM plain");
  EXPECT_EQ(Where(Combine(any, one)), "s0");
  EXPECT_EQ(Where(Combine(one, any)), "s0");
  EXPECT_TRUE(Combine(one, any).standby);
  EXPECT_FALSE(Combine(one, write).standby);
  EXPECT_TRUE(Combine(one, PlanOf("SELECT * FROM notes")).refused());
  EXPECT_TRUE(Combine(PlanOf("SELECT * FROM customers"), any).refused());
}

}  // namespace
}  // namespace pgbraid::router
