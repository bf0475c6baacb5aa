#include "sql/statement_cache_context.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace pgbraid::sql {
namespace {

StatementCacheContextParts Parts() {
  return {.database = "app",
          .role = "joe",
          .search_path = "public",
          .settings = "a=1",
          .catalog_epoch = 1,
          .shard_map_epoch = 1,
          .modes = {},
          .hints_allowed = false};
}

TEST(StatementCacheContextTest, EqualPartsHaveOneNumber) {
  StatementCacheContextInterner interner;
  const StatementCacheContext first = interner.Intern(Parts());
  EXPECT_EQ(first, interner.Intern(Parts()));
  EXPECT_NE(first, StatementCacheContext{});
  EXPECT_EQ(interner.size(), 1u);
}

TEST(StatementCacheContextTest, EveryPartCounts) {
  std::vector<StatementCacheContextParts> all(9, Parts());
  all[1].database = "app2";
  all[2].role = "jane";
  all[3].search_path = "a, public";
  all[4].settings = "a=2";
  all[5].catalog_epoch = 2;
  all[6].shard_map_epoch = 2;
  all[7].modes.standard_conforming_strings = false;
  all[8].hints_allowed = true;
  StatementCacheContextInterner interner;
  for (const auto& parts : all) interner.Intern(parts);
  EXPECT_EQ(interner.size(), all.size());
}

TEST(StatementCacheContextTest, PartsAreNotRunTogether) {
  StatementCacheContextParts a = Parts();
  StatementCacheContextParts b = Parts();
  a.database = "ab";
  a.role = "c";
  b.database = "a";
  b.role = "bc";
  StatementCacheContextInterner interner;
  EXPECT_NE(interner.Intern(a), interner.Intern(b));
}

TEST(StatementCacheContextTest, NeverGivesANumberTwice) {
  StatementCacheContextInterner interner(2);
  StatementCacheContextParts parts = Parts();
  const StatementCacheContext first = interner.Intern(parts);
  parts.catalog_epoch = 2;
  const StatementCacheContext second = interner.Intern(parts);
  parts.catalog_epoch = 3;
  const StatementCacheContext third = interner.Intern(parts);
  EXPECT_EQ(interner.size(), 1u);
  const StatementCacheContext again = interner.Intern(Parts());
  EXPECT_NE(again, first);
  EXPECT_NE(again, second);
  EXPECT_NE(again, third);
}

}  // namespace
}  // namespace pgbraid::sql
