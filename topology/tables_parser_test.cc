#include "topology/tables_parser.h"

#include <gtest/gtest.h>

namespace pgbraid::topology {
namespace {

const std::vector<Shard> kShards = {
    {"s0", "", {}}, {"s1", "", {}}, {"s2", "", {}}};

std::vector<DistributionSpec> Tables(std::string_view text) {
  ParsedTables parsed = ParseTables(text, kShards, true);
  EXPECT_EQ(parsed.errors, std::vector<std::string>{}) << text;
  return parsed.tables;
}

std::string ErrorsOf(std::string_view text) {
  std::string joined;
  for (const std::string& error : ParseTables(text, kShards, true).errors) {
    joined += (joined.empty() ? "" : "\n") + error;
  }
  return joined;
}

TEST(TablesParserTest, NothingIsNoTable) {
  EXPECT_TRUE(Tables("").empty());
  EXPECT_TRUE(Tables(" \n").empty());
}

TEST(TablesParserTest, ReadsHashReferenceAndShard) {
  std::vector<DistributionSpec> tables = Tables(
      "customers:hash(id), sales.Orders : hash ( Customer_id , \"Day\" ),\n"
      "countries:reference, \"My Table\":shard(s2)");
  ASSERT_EQ(tables.size(), 4u);
  EXPECT_EQ(tables[0].schema, "public");
  EXPECT_EQ(tables[0].name, "customers");
  EXPECT_EQ(tables[0].kind, DistributionKind::kHash);
  EXPECT_EQ(tables[0].key_columns, std::vector<std::string>{"id"});
  EXPECT_EQ(tables[1].schema, "sales");
  EXPECT_EQ(tables[1].name, "orders");
  EXPECT_EQ(tables[1].key_columns,
            (std::vector<std::string>{"customer_id", "Day"}));
  EXPECT_EQ(tables[2].kind, DistributionKind::kReference);
  EXPECT_EQ(tables[3].name, "My Table");
  EXPECT_EQ(tables[3].kind, DistributionKind::kSingle);
  EXPECT_EQ(tables[3].single_shard, 2);
}

TEST(TablesParserTest, ReadsLists) {
  DistributionSpec spec = Tables(
      "t:list(region; 'eu','it''s, (x)' = s0; -5 = s1; default = s2; null = "
      "s1)")[0];
  EXPECT_EQ(spec.kind, DistributionKind::kList);
  ASSERT_EQ(spec.list.size(), 2u);
  ASSERT_EQ(spec.list[0].values.size(), 2u);
  EXPECT_EQ(spec.list[0].values[0].text, "eu");
  EXPECT_EQ(spec.list[0].values[0].position, 16);
  EXPECT_EQ(spec.list[0].values[1].text, "it's, (x)");
  EXPECT_EQ(spec.list[0].shard, 0);
  EXPECT_EQ(spec.list[1].values[0].text, "-5");
  EXPECT_EQ(spec.default_shard, 2);
  EXPECT_EQ(spec.null_shard, 1);
}

TEST(TablesParserTest, ReadsRanges) {
  DistributionSpec spec = Tables(
      "t:range(col; < 1000 = s0; < '2024-01-01 00:00:00' = s1; * = s2)")[0];
  EXPECT_EQ(spec.kind, DistributionKind::kRange);
  ASSERT_EQ(spec.range.size(), 2u);
  EXPECT_EQ(spec.range[0].bound.text, "1000");
  EXPECT_EQ(spec.range[0].shard, 0);
  EXPECT_EQ(spec.range[1].bound.text, "2024-01-01 00:00:00");
  EXPECT_EQ(spec.default_shard, 2);
  EXPECT_FALSE(spec.null_shard.has_value());
}

TEST(TablesParserTest, DatesAndUuidsNeedNoQuotes) {
  DistributionSpec spec = Tables(
      "t:list(c; 2024-01-01 = s0; "
      "0f112233-4455-6677-8899-aabbccddeeff = s1)")[0];
  EXPECT_EQ(spec.list[0].values[0].text, "2024-01-01");
  EXPECT_EQ(spec.list[1].values[0].text,
            "0f112233-4455-6677-8899-aabbccddeeff");
}

TEST(TablesParserTest, ReadsTimeIntervals) {
  EXPECT_EQ(Tables("t:time(c, 1 month)")[0].interval,
            (TimeInterval{1, TimeInterval::Unit::kMonth}));
  EXPECT_EQ(Tables("t:time(c, 3 days)")[0].interval,
            (TimeInterval{3, TimeInterval::Unit::kDay}));
  EXPECT_EQ(Tables("t:time(c, week)")[0].interval,
            (TimeInterval{1, TimeInterval::Unit::kWeek}));
  DistributionSpec spec = Tables("t:time(c, 2 years; null = s1)")[0];
  EXPECT_EQ(spec.interval, (TimeInterval{2, TimeInterval::Unit::kYear}));
  EXPECT_EQ(spec.null_shard, 1);
}

TEST(TablesParserTest, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(ErrorsOf("t:hsh(id)"),
            "--tables: character 3 (hsh): expected hash(...), list(...), "
            "range(...), time(...), reference or shard(name)");
  EXPECT_EQ(ErrorsOf("t hash(id)"),
            "--tables: character 3 (hash): expected ':' after the table's "
            "name");
  EXPECT_EQ(ErrorsOf("t:hash id"), "--tables: character 8 (id): expected '('");
  EXPECT_EQ(ErrorsOf("t:hash(id"),
            "--tables: character 10 (the end): expected ')'");
  EXPECT_EQ(ErrorsOf("t:hash()"),
            "--tables: character 8 ()): expected a column");
  EXPECT_EQ(ErrorsOf("t:time(c)"),
            "--tables: character 9 ()): expected ',' and an interval such as "
            "1 month");
  EXPECT_EQ(ErrorsOf("t:time(c, 0 days)"),
            "--tables: character 11 (0): expected a number from 1 to 10000");
  EXPECT_EQ(ErrorsOf("t:time(c, 1 hour)"),
            "--tables: character 13 (hour): expected day, week, month or "
            "year");
  EXPECT_EQ(ErrorsOf("t:list(c; eu = s0)"),
            "--tables: character 11 (eu): expected a value, null or default");
  EXPECT_EQ(ErrorsOf("t:list(c; 'eu')"),
            "--tables: character 15 ()): expected '=' and a shard");
  EXPECT_EQ(ErrorsOf("t:range(c; 5 = s0)"),
            "--tables: character 12 (5): expected < value, * or null");
  EXPECT_EQ(ErrorsOf("t:reference,"),
            "--tables: character 13 (the end): expected a table: name:kind");
  EXPECT_EQ(ErrorsOf("t:reference u:reference"),
            "--tables: character 13 (u:reference): expected ',' and a table");
}

TEST(TablesParserTest, AllErrorsAreReportedAtOnce) {
  EXPECT_EQ(ErrorsOf("a:hsh(x, y), b:hash(x), c:shard(s9), d:list(c; 'x, y"),
            "--tables: character 3 (hsh): expected hash(...), list(...), "
            "range(...), time(...), reference or shard(name)\n"
            "--tables: character 33 (s9): expected one of the shards s0, s1, "
            "s2\n"
            "--tables: character 48 ('x): expected a closing quote");
}

TEST(TablesParserTest, DuplicatesAreNamed) {
  EXPECT_EQ(ErrorsOf("t:reference, public.T:reference"),
            "--tables: character 14 (public.T:reference): this table is listed "
            "twice");
  EXPECT_EQ(ErrorsOf("t:hash(a, A)"),
            "--tables: character 11 (A): this column stands in the key twice");
  EXPECT_EQ(ErrorsOf("t:list(a; default = s0; default = s1)"),
            "--tables: character 33 (=): this has a shard already");
}

TEST(TablesParserTest, NoBoundAfterTheRest) {
  EXPECT_EQ(ErrorsOf("t:range(a; * = s0; < 5 = s1)"),
            "--tables: character 20 (<): expected no bound after *");
}

TEST(TablesParserTest, UnknownShardsAreNoErrorWhileTheShardsHaveTheirOwn) {
  EXPECT_TRUE(ParseTables("t:shard(s9)", kShards, false).errors.empty());
}

}  // namespace
}  // namespace pgbraid::topology
