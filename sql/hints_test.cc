#include "sql/hints.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace pgbraid::sql {
namespace {

Hint Parsed(std::string_view text) {
  const StatusOr<Hint> hint = ParseLeadingHint(text);
  EXPECT_TRUE(hint.ok()) << text;
  return hint.ok() ? *hint : Hint{};
}

// The error's message; its SQLSTATE and hint are checked here.
std::string ErrorOf(std::string_view text) {
  const StatusOr<Hint> hint = ParseLeadingHint(text);
  if (hint.ok()) return "no error";
  EXPECT_EQ(SqlStateOf(hint.status()), sqlstate::kInvalidParameterValue);
  EXPECT_NE(HintOf(hint.status()).find("shard=NAME"), std::string::npos);
  return MessageOf(hint.status());
}

TEST(HintTest, ReadsEachKey) {
  EXPECT_EQ(Parsed("/* pgbraid: shard=s1 */ SELECT 1").shard, "s1");
  EXPECT_EQ(Parsed("/* pgbraid: consistency=session */").consistency,
            Hint::Consistency::kSession);
  EXPECT_EQ(Parsed("/* pgbraid: consistency=eventual */").consistency,
            Hint::Consistency::kEventual);
  EXPECT_EQ(Parsed("/* pgbraid: consistency=strong */").consistency,
            Hint::Consistency::kStrong);
  EXPECT_TRUE(Parsed("/* pgbraid: primary */ SELECT 1").primary);
}

TEST(HintTest, ReadsSeveralKeysInAnySpacing) {
  const Hint expected{"s1", Hint::Consistency::kStrong, true};
  EXPECT_EQ(Parsed("/*pgbraid:shard=s1,consistency=strong,primary*/"),
            expected);
  EXPECT_EQ(Parsed(" \n/*  pgbraid:  primary  shard = s1 \n consistency= strong"
                   " */SELECT 1"),
            expected);
  EXPECT_EQ(Parsed("/* PGBRAID: SHARD=s1, Consistency=Strong, Primary */"),
            expected);
}

TEST(HintTest, KeepsTheCaseOfAShardsName) {
  EXPECT_EQ(Parsed("/* pgbraid: shard=S1-a */").shard, "S1-a");
}

TEST(HintTest, OnlyTheFirstThingInATextCounts) {
  EXPECT_TRUE(Parsed("SELECT 1 /* pgbraid: shard=s1 */").empty());
  EXPECT_TRUE(Parsed("/* a */ /* pgbraid: shard=s1 */ SELECT 1").empty());
  EXPECT_TRUE(Parsed("-- pgbraid: shard=s1\nSELECT 1").empty());
  EXPECT_TRUE(Parsed("; /* pgbraid: shard=s1 */").empty());
}

TEST(HintTest, OtherTextsHaveNoHint) {
  EXPECT_TRUE(Parsed("").empty());
  EXPECT_TRUE(Parsed("   ").empty());
  EXPECT_TRUE(Parsed("SELECT 1").empty());
  EXPECT_TRUE(Parsed("/* traceparent='00-1' */ SELECT 1").empty());
  EXPECT_TRUE(Parsed("/* pgbraid shard=s1 */").empty());
  EXPECT_TRUE(Parsed("/* pgbraid: shard=s1").empty());
  EXPECT_TRUE(Parsed("/*/").empty());
  EXPECT_TRUE(Parsed("/**/").empty());
  EXPECT_TRUE(Parsed("/* pgbraid: */").empty());
}

TEST(HintTest, ErrorsNameTheKey) {
  EXPECT_EQ(ErrorOf("/* pgbraid: shrad=s1 */"),
            "unknown key \"shrad\" in a hint");
  EXPECT_EQ(ErrorOf("/* pgbraid: primary, replica */"),
            "unknown key \"replica\" in a hint");
  EXPECT_EQ(ErrorOf("/* pgbraid: =s1 */"), "unknown key \"\" in a hint");
  EXPECT_EQ(ErrorOf("/* pgbraid: , */"), "unknown key \"\" in a hint");
  EXPECT_EQ(ErrorOf("/* pgbraid: shard */"),
            "key \"shard\" of a hint needs a value");
  EXPECT_EQ(ErrorOf("/* pgbraid: consistency= */"),
            "key \"consistency\" of a hint needs a value");
  EXPECT_EQ(ErrorOf("/* pgbraid: consistency=weak */"),
            "unknown consistency \"weak\" in a hint");
  EXPECT_EQ(ErrorOf("/* pgbraid: primary=yes */"),
            "key \"primary\" of a hint has no value");
  EXPECT_EQ(ErrorOf("/* pgbraid: shard=a shard=b */"),
            "key \"shard\" twice in a hint");
  EXPECT_EQ(ErrorOf("/* pgbraid: primary primary */"),
            "key \"primary\" twice in a hint");
  EXPECT_EQ(ErrorOf("/* pgbraid: consistency=strong consistency=strong */"),
            "key \"consistency\" twice in a hint");
  EXPECT_EQ(ErrorOf("/* pgbraid: shard=s1 /* nested */ */"),
            "unknown key \"/*\" in a hint");
}

}  // namespace
}  // namespace pgbraid::sql
