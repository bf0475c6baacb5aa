#include "sql/shape.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace pgbraid::sql {
namespace {

Fingerprint Make(std::string_view text) { return MakeFingerprint(text, {}, 5); }

bool Matches(std::string_view kept, std::string_view text) {
  return Shape(kept, Make(kept)).Matches(text, Make(text));
}

TEST(ShapeTest, MatchesOtherValuesOfTheSameKinds) {
  EXPECT_TRUE(Matches("SELECT 1, 'a' FROM t", "SELECT 20, 'bcd' FROM t"));
  EXPECT_TRUE(Matches("1", "22"));
  EXPECT_TRUE(Matches("SELECT a", "SELECT a"));
  EXPECT_TRUE(Matches("", ""));
  EXPECT_TRUE(Matches(std::string_view(), std::string_view()));
}

TEST(ShapeTest, DiffersInAnyByteOutsideOfLiterals) {
  EXPECT_FALSE(Matches("SELECT 1, 'a' FROM t", "SELECT 1, 'a' FROM u"));
  EXPECT_FALSE(Matches("SELECT 1, 'a'", "SELECT 1; 'a'"));
  EXPECT_FALSE(Matches("SELECT 1", "SELECT 1 "));
  EXPECT_FALSE(Matches("SELECT 1 ", "SELECT 1"));
  EXPECT_FALSE(Matches("SELECT 1", " SELECT 1"));
  EXPECT_FALSE(Matches("", " "));
}

// The bytes outside, joined, are equal: only the places differ.
TEST(ShapeTest, DiffersInThePlacesOfLiterals) {
  EXPECT_FALSE(Matches("a 1 b ", "a b 1 "));
  EXPECT_FALSE(Matches("1 ,", " ,1"));
  EXPECT_FALSE(Matches("(1)", "()1"));
}

TEST(ShapeTest, DiffersInKindAndNumberOfLiterals) {
  EXPECT_FALSE(Matches("SELECT 1", "SELECT '1'"));
  EXPECT_FALSE(Matches("SELECT 1", "SELECT 1.0"));
  EXPECT_FALSE(Matches("SELECT 1", "SELECT "));
  EXPECT_FALSE(Matches("SELECT 1'a'", "SELECT 1"));
}

TEST(ShapeTest, DoesNotHoldTheValues) {
  const std::string text = "SELECT '" + std::string(10'000, 'x') + "'";
  EXPECT_LT(Shape(text, Make(text)).HeapBytes(), 100u);
}

}  // namespace
}  // namespace pgbraid::sql
