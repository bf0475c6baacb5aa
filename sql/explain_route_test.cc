#include "sql/explain_route.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace pgbraid::sql {
namespace {

// The words found, or "-".
std::string Found(std::string_view text) {
  const auto prefix = FindExplainRoute(text, LexerModes());
  return prefix ? std::string(
                      text.substr(prefix->begin, prefix->end - prefix->begin))
                : "-";
}

TEST(ExplainRouteTest, IsFoundBeforeAnyText) {
  EXPECT_EQ(Found("EXPLAIN (ROUTE) TRUNCATE t"), "EXPLAIN (ROUTE)");
  EXPECT_EQ(Found("explain(Route)"), "explain(Route)");
}

TEST(ExplainRouteTest, IsFoundBetweenCommentsAndSpace) {
  EXPECT_EQ(Found("/* a */ explain /* b */ ( -- c\n route\t) BEGIN"),
            "explain /* b */ ( -- c\n route\t)");
}

TEST(ExplainRouteTest, IsNotFoundAmongOtherOptions) {
  EXPECT_EQ(Found("EXPLAIN (ROUTE, COSTS OFF) SELECT 1"), "-");
  EXPECT_EQ(Found("EXPLAIN (ROUTE off) SELECT 1"), "-");
  EXPECT_EQ(Found("EXPLAIN (\"route\") SELECT 1"), "-");
  EXPECT_EQ(Found("EXPLAIN SELECT 1"), "-");
}

TEST(ExplainRouteTest, IsNotFoundElsewhere) {
  EXPECT_EQ(Found("SELECT 1; EXPLAIN (ROUTE) SELECT 1"), "-");
  EXPECT_EQ(Found(""), "-");
  EXPECT_EQ(Found("EXPLAIN (ROUTE"), "-");
}

}  // namespace
}  // namespace pgbraid::sql
