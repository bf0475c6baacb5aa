#include "router/temporary_names.h"

#include <gtest/gtest.h>

namespace pgbraid::router {
namespace {

TemporaryNames Named(const std::vector<std::string>& names) {
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const std::string& name : names) rows.push_back({name, "name"});
  return TemporaryNames(rows);
}

bool MayMean(const TemporaryNames& names, std::string_view text) {
  return names.MayMean(text, sql::LexerModes());
}

TEST(TemporaryNamesTest, ATextWithoutThemMeansNone) {
  TemporaryNames names = Named({"scratch", "_scratch"});
  EXPECT_FALSE(MayMean(names, "SELECT a FROM orders WHERE b = 'scratch'"));
  EXPECT_FALSE(MayMean(names, "SELECT scratchy FROM orders -- scratch"));
}

TEST(TemporaryNamesTest, AnIdentifierAnywhereMayBeOne) {
  TemporaryNames names = Named({"scratch", "_scratch"});
  EXPECT_TRUE(MayMean(names, "SELECT * FROM scratch"));
  EXPECT_TRUE(MayMean(names, "SELECT * FROM ScRatCH"));
  EXPECT_TRUE(MayMean(names, "SELECT '(1)'::scratch"));
  EXPECT_TRUE(MayMean(names, "SELECT '{}'::scratch[]"));
  EXPECT_TRUE(MayMean(names, "SELECT '{}'::_scratch"));
  EXPECT_TRUE(MayMean(names, "SELECT * FROM \"scratch\""));
  EXPECT_TRUE(MayMean(names, "SELECT 1; SELECT * FROM a, pg_temp.scratch"));
}

TEST(TemporaryNamesTest, QuotedNamesAreTakenAsTheyAre) {
  TemporaryNames names = Named({"Mixed", "a\"b"});
  EXPECT_TRUE(MayMean(names, "SELECT * FROM \"Mixed\""));
  EXPECT_TRUE(MayMean(names, "SELECT * FROM \"a\"\"b\""));
  EXPECT_FALSE(MayMean(names, "SELECT * FROM Mixed"));
  EXPECT_FALSE(MayMean(names, "SELECT * FROM \"mixed\""));
}

TEST(TemporaryNamesTest, WhatCannotBeToldMayBeOne) {
  TemporaryNames names = Named({"scratch"});
  EXPECT_TRUE(MayMean(names, "SELECT * FROM U&\"scr\\0061tch\""));
  EXPECT_TRUE(MayMean(names, "SELECT * FROM caf\xc3\xa9"));
  EXPECT_TRUE(MayMean(names, "SELECT 'open"));
  EXPECT_TRUE(MayMean(names, "SELECT * FROM " + std::string(64, 'x')));
  sql::LexerModes sjis;
  sjis.ascii_safe_encoding = false;
  EXPECT_TRUE(names.MayMean("SELECT 1", sjis));
}

TEST(TemporaryNamesTest, AChildOfAnotherTableOrTooManyMakeAnythingPossible) {
  EXPECT_TRUE(MayMean(TemporaryNames({{"scratch", "name"}, {"", "child"}}),
                      "SELECT 1"));
  std::vector<std::string> many;
  for (size_t i = 0; i <= TemporaryNames::kMost; ++i) {
    many.push_back("t" + std::to_string(i));
  }
  EXPECT_TRUE(MayMean(Named(many), "SELECT 1"));
  EXPECT_TRUE(MayMean(TemporaryNames(), "SELECT 1"));
}

TEST(TemporaryNamesTest, AllDroppedIsNone) {
  EXPECT_FALSE(MayMean(Named({}), "SELECT * FROM scratch"));
}

}  // namespace
}  // namespace pgbraid::router
