#include "topology/shard_map.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace pgbraid::topology {
namespace {

constexpr char kTwoShards[] = "s0=a:1/app; s1=b:1/app";

ShardMap Parse(std::string_view tables) {
  StatusOr<ShardMap> map = ShardMap::Parse(kTwoShards, tables);
  EXPECT_TRUE(map.ok()) << map.status();
  return *std::move(map);
}

TEST(ShardMapTest, NumbersShardsInTheOrderOfTheFlag) {
  ShardMap map = Parse("");
  EXPECT_EQ(map.shard_count(), 2);
  EXPECT_EQ(map.FindShard("s0"), 0);
  EXPECT_EQ(map.FindShard("s1"), 1);
  EXPECT_FALSE(map.FindShard("S1").has_value());
  EXPECT_EQ(map.AllShards(), ShardSet::All(2));
  EXPECT_EQ(map.epoch(), 1u);
}

TEST(ShardMapTest, FindsTablesBySchemaAndName) {
  ShardMap map = Parse("z:reference, b.t:hash(x), a.t:shard(s1), m:hash(id)");
  ASSERT_NE(map.FindTable("b", "t"), nullptr);
  EXPECT_EQ(map.FindTable("b", "t")->kind(), DistributionKind::kHash);
  EXPECT_EQ(map.FindTable("a", "t")->All(), ShardSet::Single(1));
  EXPECT_EQ(map.FindTable("public", "z")->kind(), DistributionKind::kReference);
  EXPECT_EQ(map.FindTable("public", "t"), nullptr);
  EXPECT_EQ(map.FindTable("public", "nowhere"), nullptr);
  EXPECT_EQ(map.FindTable("", ""), nullptr);
}

TEST(ShardMapTest, TablesAreUnboundUntilTheirTypesAreKnown) {
  ShardMap map = Parse("t:hash(id), u:hash(id)");
  EXPECT_FALSE(map.FindTable("public", "t")->bound());
  std::array tables = {
      TableKeyColumns{"public", "t", {{.type = KeyType::kInt4}}},
      TableKeyColumns{"public", "not_in_the_map", {}}};
  StatusOr<ShardMap> bound = map.Bind(tables, 7);
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(bound->epoch(), 7u);
  EXPECT_TRUE(bound->FindTable("public", "t")->bound());
  EXPECT_FALSE(bound->FindTable("public", "u")->bound());

  StatusOr<ShardMap> unbound = bound->Bind({}, 8);
  ASSERT_TRUE(unbound.ok());
  EXPECT_FALSE(unbound->FindTable("public", "t")->bound());
}

TEST(ShardMapTest, BindReportsTheFindingsOfAllTables) {
  ShardMap map = Parse("t:list(a; 'x' = s0), u:time(b, 1 day)");
  std::array tables = {
      TableKeyColumns{"public", "t", {{.type = KeyType::kInt4}}},
      TableKeyColumns{"public", "u", {{.type = KeyType::kInt4}}}};
  Status status = map.Bind(tables, 2).status();
  EXPECT_EQ(MessageOf(status),
            "--tables: character 11 (x): expected a value of type int4 in its "
            "canonical form\n"
            "--tables: table public.u: key column b is int4; time() needs "
            "date, timestamp or timestamptz");
}

TEST(ShardMapTest, ErrorsOfBothFlagsComeTogether) {
  Status status =
      ShardMap::Parse("s0=a:1; s1=b:x", "t:shard(s1), u:has(x)").status();
  EXPECT_EQ(SqlStateOf(status), "22023");
  EXPECT_EQ(MessageOf(status),
            "--shards: character 14 (x): expected a port from 1 to 65535\n"
            "--tables: character 16 (has): expected hash(...), list(...), "
            "range(...), time(...), reference or shard(name)");
}

// Random changes to flags that are right: every one ends in a map or in errors
// that name a flag and a place.
TEST(ShardMapTest, AnyTextEndsInAMapOrInErrors) {
  const std::string kShards =
      "s0=10.0.0.1:5432/app,[::1]:5433/app; s1=/run/pg:5432/\"a b\"";
  const std::string kTables =
      "a:hash(x, \"Y\"), s.b:list(r; 'eu','u''k' = s0; null = s1; default = "
      "s1), c:range(n; < -5 = s0; < 2024-01-01 = s1; * = s0), d:time(t, 3 "
      "weeks; null = s0), e:reference, f:shard(s1)";
  const std::string kCharacters = "=:;,()'\"<*/[]. \n-a0\xC3\xBC";
  std::minstd_rand random(1);
  int maps = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string flags[] = {kShards, kTables};
    for (std::string& flag : flags) {
      for (int changes = random() % 4; changes > 0; --changes) {
        size_t place = random() % flag.size();
        char c = kCharacters[random() % kCharacters.size()];
        switch (random() % 3) {
          case 0:
            flag.insert(place, 1, c);
            break;
          case 1:
            flag.erase(place, 1 + random() % 5);
            break;
          default:
            flag[place] = c;
        }
      }
    }
    StatusOr<ShardMap> map = ShardMap::Parse(flags[0], flags[1]);
    if (map.ok()) {
      ++maps;
      continue;
    }
    ASSERT_EQ(SqlStateOf(map.status()), "22023");
    std::string message = MessageOf(map.status());
    ASSERT_TRUE(message.starts_with("--shards: character ") ||
                message.starts_with("--tables: character "))
        << message;
  }
  EXPECT_GT(maps, 1000);
  EXPECT_LT(maps, 19'000);
}

TEST(ShardMapTest, ACopyStandsOnItsOwn) {
  std::optional<ShardMap> original = Parse("t:hash(id)");
  ShardMap copy = *original;
  original.reset();
  ASSERT_NE(copy.FindTable("public", "t"), nullptr);
  EXPECT_EQ(copy.FindTable("public", "t")->name(), "t");
}

}  // namespace
}  // namespace pgbraid::topology
