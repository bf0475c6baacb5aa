#include "sql/prepared_place.h"

#include <gtest/gtest.h>

#include <string>

namespace pgbraid::sql {
namespace {

using Action = PreparedUse::Action;

std::string NameIn(std::string_view text, Action action, size_t keyword = 0) {
  PreparedUse use;
  use.action = action;
  PlacePrepared(text, LexerModes(), keyword, &use);
  TokenBytes bytes = BytesOfToken(text, LexerModes(), use.name_token);
  return std::string(text.substr(bytes.begin, bytes.end - bytes.begin));
}

std::string InnerOf(std::string_view text) {
  PreparedUse use;
  use.action = Action::kPrepare;
  PlacePrepared(text, LexerModes(), 0, &use);
  return std::string(
      text.substr(BytesOfToken(text, LexerModes(), use.inner_token).begin));
}

TEST(PreparedPlaceTest, FindsTheNameBehindItsKeyword) {
  EXPECT_EQ(NameIn("EXECUTE foo(1)", Action::kExecute), "foo");
  EXPECT_EQ(NameIn("/* a */ execute -- b\n \"Foo bar\"", Action::kExecute),
            "\"Foo bar\"");
  EXPECT_EQ(NameIn("DEALLOCATE foo", Action::kDeallocate), "foo");
  EXPECT_EQ(NameIn("DEALLOCATE PREPARE foo", Action::kDeallocate), "foo");
}

TEST(PreparedPlaceTest, PrepareMayBeTheName) {
  EXPECT_EQ(NameIn("DEALLOCATE prepare", Action::kDeallocate), "prepare");
  EXPECT_EQ(NameIn("DEALLOCATE prepare; SELECT 1", Action::kDeallocate),
            "prepare");
  EXPECT_EQ(NameIn("DEALLOCATE prepare prepare", Action::kDeallocate),
            "prepare");
}

TEST(PreparedPlaceTest, StartsAtTheStatementsOwnKeyword) {
  const std::string text = "EXECUTE a(1); EXECUTE b(2)";
  EXPECT_EQ(NameIn(text, Action::kExecute, text.rfind("EXECUTE")), "b");
  const std::string explain = "EXPLAIN (ANALYZE) EXECUTE c";
  EXPECT_EQ(NameIn(explain, Action::kExecute, explain.find("EXECUTE")), "c");
}

TEST(PreparedPlaceTest, TakesTheEscapeOfAUnicodeNameWithIt) {
  EXPECT_EQ(NameIn("EXECUTE U&\"d!0061t\" UESCAPE '!' (1)", Action::kExecute),
            "U&\"d!0061t\" UESCAPE '!'");
  EXPECT_EQ(NameIn("EXECUTE U&\"data\" (1)", Action::kExecute), "U&\"data\"");
}

TEST(PreparedPlaceTest, FindsTheStatementInsideOfAPrepare) {
  EXPECT_EQ(InnerOf("PREPARE a AS SELECT 1"), "SELECT 1");
  EXPECT_EQ(InnerOf("PREPARE \"as\" (int, \"as\") as SELECT 1 AS one"),
            "SELECT 1 AS one");
  EXPECT_EQ(InnerOf("PREPARE a"), "");
}

TEST(PreparedPlaceTest, AStatementEndsAtItsSemicolon) {
  const std::string text = "SELECT 1; SELECT (';'), 2 -- end\n; SELECT 3 ";
  EXPECT_EQ(EndOfStatement(text, LexerModes(), 0), text.find(';'));
  EXPECT_EQ(EndOfStatement(text, LexerModes(), 3), text.find(" -- end"));
  EXPECT_EQ(EndOfStatement(text, LexerModes(), 10), text.rfind(' '));
}

}  // namespace
}  // namespace pgbraid::sql
