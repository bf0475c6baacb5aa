#include "topology/key_parse.h"

#include <gtest/gtest.h>

#include <string>

namespace pgbraid::topology {
namespace {

using Outcome = ParsedKey::Outcome;

constexpr KeyContext kUtc{.utf8 = true, .utc = true};
constexpr KeyContext kBerlin{.utf8 = true, .utc = false};
constexpr KeyColumn kInt2{.type = KeyType::kInt2};
constexpr KeyColumn kInt4{.type = KeyType::kInt4};
constexpr KeyColumn kInt8{.type = KeyType::kInt8};
constexpr KeyColumn kText{.type = KeyType::kText};
constexpr KeyColumn kVarchar5{.type = KeyType::kVarchar, .typmod = 9};
constexpr KeyColumn kUuid{.type = KeyType::kUuid};
constexpr KeyColumn kDate{.type = KeyType::kDate};
constexpr KeyColumn kTimestamp{.type = KeyType::kTimestamp};
constexpr KeyColumn kTimestamp0{.type = KeyType::kTimestamp, .typmod = 0};
constexpr KeyColumn kTimestamptz{.type = KeyType::kTimestamptz};

ParsedKey Quoted(const KeyColumn& column, std::string_view text,
                 std::string_view cast = {}, KeyContext context = kUtc) {
  return FromLiteral(column,
                     {.form = LiteralForm::kString, .text = text, .cast = cast},
                     context);
}

ParsedKey Number(const KeyColumn& column, std::string_view text,
                 bool negated = false, std::string_view cast = {}) {
  return FromLiteral(column,
                     {.form = LiteralForm::kInteger,
                      .text = text,
                      .negated = negated,
                      .cast = cast},
                     kUtc);
}

int64_t IntOf(const ParsedKey& parsed) {
  EXPECT_TRUE(parsed.has_value());
  return parsed.has_value() ? parsed.value.as_int() : INT64_MIN;
}

std::string TextOf(const ParsedKey& parsed) {
  EXPECT_TRUE(parsed.has_value());
  return parsed.has_value() ? std::string(parsed.value.as_bytes()) : "";
}

TEST(KeyParseTest, IntegersComeQuotedOrNot) {
  EXPECT_EQ(IntOf(Number(kInt4, "42")), 42);
  EXPECT_EQ(IntOf(Number(kInt4, "42", /*negated=*/true)), -42);
  EXPECT_EQ(IntOf(Quoted(kInt4, "-42")), -42);
  EXPECT_EQ(IntOf(Number(kInt8, "9223372036854775808", true)), INT64_MIN);
}

TEST(KeyParseTest, IntegersOutOfTheColumnsRangeEqualNothing) {
  EXPECT_EQ(Number(kInt2, "32768").outcome, Outcome::kAboveAll);
  EXPECT_EQ(Number(kInt2, "32769", true).outcome, Outcome::kBelowAll);
  EXPECT_EQ(IntOf(Number(kInt2, "32768", true)), -32768);
  EXPECT_EQ(Number(kInt8, "9223372036854775808").outcome, Outcome::kAboveAll);
  EXPECT_EQ(Quoted(kInt4, "-99999999999").outcome, Outcome::kBelowAll);
  EXPECT_TRUE(Number(kInt2, "32768").never_equal());
  EXPECT_FALSE(Number(kInt2, "1").never_equal());
  EXPECT_FALSE(Quoted(kInt2, "x").never_equal());
}

TEST(KeyParseTest, WhatIsNoExactIntegerIsNotProvable) {
  Literal other{.form = LiteralForm::kOther, .text = "42.0"};
  EXPECT_FALSE(FromLiteral(kInt4, other, kUtc).provable());
  EXPECT_FALSE(Quoted(kInt4, " 42").provable());
  EXPECT_FALSE(Quoted(kInt4, "42.0").provable());
  EXPECT_FALSE(Number(kInt4, "42", false, "numeric").provable());
  EXPECT_FALSE(Number(kInt4, "42", false, "float8").provable());
  Literal negated_text{
      .form = LiteralForm::kString, .text = "42", .negated = true};
  EXPECT_FALSE(FromLiteral(kInt4, negated_text, kUtc).provable());
}

TEST(KeyParseTest, IntegerCastsOfAnyWidthMeanTheSameNumber) {
  EXPECT_EQ(IntOf(Number(kInt4, "42", false, "int8")), 42);
  EXPECT_EQ(IntOf(Quoted(kInt8, "42", "int2")), 42);
}

TEST(KeyParseTest, TypesThatDoNotCompareAreNotProvable) {
  EXPECT_FALSE(Number(kText, "42").provable());
  EXPECT_FALSE(Number(kText, "42", false, "text").provable());
  EXPECT_FALSE(Number(kDate, "42").provable());
  EXPECT_FALSE(Quoted(kInt4, "42", "text").provable());
  EXPECT_FALSE(Quoted(kText, "42", "int4").provable());
  EXPECT_FALSE(Quoted(kText, "42", "bpchar").provable());
  EXPECT_FALSE(Quoted(kText, "42", "name").provable());
}

TEST(KeyParseTest, TextIsItsBytesWhereTheEncodingIsKnown) {
  EXPECT_EQ(TextOf(Quoted(kText, "gr\xC3\xBCn ")), "gr\xC3\xBCn ");
  EXPECT_EQ(TextOf(Quoted(kText, "")), "");
  EXPECT_EQ(TextOf(Quoted(kText, "x", "varchar")), "x");
  EXPECT_FALSE(Quoted(kText, "x", {}, {.utf8 = false, .utc = true}).provable());
  EXPECT_FALSE(Quoted(kText, std::string_view("a\0b", 3)).provable());
  KeyColumn folding{.type = KeyType::kText, .deterministic = false};
  EXPECT_FALSE(Quoted(folding, "x").provable());
}

TEST(KeyParseTest, VarcharIsNotProvableBeyondItsLengthInCharacters) {
  EXPECT_EQ(TextOf(Quoted(kVarchar5, "abcde")), "abcde");
  EXPECT_EQ(
      TextOf(Quoted(kVarchar5, "\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC")),
      "\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC");
  EXPECT_FALSE(Quoted(kVarchar5, "abcdef").provable());
  EXPECT_FALSE(Quoted(kVarchar5, "abcde ").provable());
}

TEST(KeyParseTest, UuidsInAnyForm) {
  EXPECT_EQ(TextOf(Quoted(kUuid, "30313233-3435-3637-3839-616263646566")),
            "0123456789abcdef");
  EXPECT_EQ(TextOf(Quoted(kUuid, "30313233343536373839616263646566")),
            "0123456789abcdef");
  EXPECT_FALSE(Quoted(kUuid, "3031323334353637383961626364656").provable());
}

TEST(KeyParseTest, DatesAndTimestampsMeetWhereTheyAreExact) {
  EXPECT_EQ(IntOf(Quoted(kDate, "2000-01-03")), 2);
  EXPECT_EQ(IntOf(Quoted(kTimestamp, "2000-01-02")), 86'400'000'000);
  EXPECT_EQ(IntOf(Quoted(kTimestamp, "2000-01-02", "date")), 86'400'000'000);
  EXPECT_EQ(IntOf(Quoted(kDate, "1999-12-31 00:00:00", "timestamp")), -1);
  EXPECT_FALSE(Quoted(kDate, "2000-01-01 00:00:01", "timestamp").provable());
  EXPECT_FALSE(Quoted(kDate, "2000-01-01 00:00:00").provable());
}

TEST(KeyParseTest, TimestampIgnoringAnOffsetIsNotReliedOn) {
  EXPECT_FALSE(Quoted(kTimestamp, "2000-01-01 00:00:00+02").provable());
}

TEST(KeyParseTest, TimestamptzNeedsAnOffsetUnlessTheSessionIsInUtc) {
  EXPECT_EQ(IntOf(Quoted(kTimestamptz, "2000-01-01 02:00:00+02", {}, kBerlin)),
            0);
  EXPECT_EQ(IntOf(Quoted(kTimestamptz, "2000-01-01 00:00:00Z", {}, kBerlin)),
            0);
  EXPECT_EQ(IntOf(Quoted(kTimestamptz, "2000-01-01 00:00:00")), 0);
  EXPECT_FALSE(
      Quoted(kTimestamptz, "2000-01-01 00:00:00", {}, kBerlin).provable());
  EXPECT_FALSE(Quoted(kTimestamptz, "2000-01-01", "date", kBerlin).provable());
  EXPECT_EQ(IntOf(Quoted(kTimestamptz, "2000-01-01", "date")), 0);
  EXPECT_FALSE(
      Quoted(kTimestamp, "2000-01-01 00:00:00Z", "timestamptz", kBerlin)
          .provable());
  EXPECT_EQ(IntOf(Quoted(kTimestamp, "2000-01-01 00:00:00Z", "timestamptz")),
            0);
}

TEST(KeyParseTest, FractionsThatTheColumnRoundsAreNotProvable) {
  EXPECT_EQ(IntOf(Quoted(kTimestamp0, "2000-01-01 00:00:01.000")), 1'000'000);
  EXPECT_FALSE(Quoted(kTimestamp0, "2000-01-01 00:00:01.5").provable());
  KeyColumn millis{.type = KeyType::kTimestamptz, .typmod = 3};
  EXPECT_EQ(IntOf(Quoted(millis, "2000-01-01 00:00:00.125Z")), 125'000);
  EXPECT_FALSE(Quoted(millis, "2000-01-01 00:00:00.1255Z").provable());
}

TEST(KeyParseTest, TextParametersAreReadAsTheirDeclaredType) {
  EXPECT_EQ(IntOf(FromTextParameter(kInt4, 0, "-7", kUtc)), -7);
  EXPECT_EQ(IntOf(FromTextParameter(kInt4, 705, "7", kUtc)), 7);
  EXPECT_EQ(IntOf(FromTextParameter(kInt4, 20, "7", kUtc)), 7);
  EXPECT_EQ(FromTextParameter(kInt4, 20, "7000000000", kUtc).outcome,
            Outcome::kAboveAll);
  EXPECT_FALSE(FromTextParameter(kInt4, 1700, "7", kUtc).provable());
  EXPECT_FALSE(FromTextParameter(kInt4, 25, "7", kUtc).provable());
  EXPECT_FALSE(FromTextParameter(kInt4, 0, "7 ", kUtc).provable());
  EXPECT_EQ(TextOf(FromTextParameter(kVarchar5, 25, "abc", kUtc)), "abc");
  EXPECT_FALSE(FromTextParameter(kText, 1042, "abc", kUtc).provable());
}

TEST(KeyParseTest, BinaryIntegersOfAnyWidthMeanTheSameNumber) {
  using std::string_view;
  EXPECT_EQ(
      IntOf(FromBinaryParameter(kInt4, 0, string_view("\0\0\0\x2A", 4), kUtc)),
      42);
  EXPECT_EQ(
      IntOf(FromBinaryParameter(kInt8, 21, string_view("\xFF\xFE", 2), kUtc)),
      -2);
  EXPECT_EQ(FromBinaryParameter(kInt2, 23, string_view("\0\x01\0\0", 4), kUtc)
                .outcome,
            Outcome::kAboveAll);
  EXPECT_EQ(IntOf(FromBinaryParameter(
                kInt4, 20, string_view("\xFF\xFF\xFF\xFF\x80\0\0\0", 8), kUtc)),
            INT32_MIN);
}

TEST(KeyParseTest, BinaryOfAnotherLengthOrTypeIsNotProvable) {
  using std::string_view;
  EXPECT_FALSE(
      FromBinaryParameter(kInt4, 0, string_view("\0\0", 2), kUtc).provable());
  EXPECT_FALSE(FromBinaryParameter(kInt4, 23, "", kUtc).provable());
  EXPECT_FALSE(FromBinaryParameter(kInt4, 701, "12345678", kUtc).provable());
  EXPECT_FALSE(FromBinaryParameter(kInt4, 1082, "1234", kUtc).provable());
  EXPECT_FALSE(FromBinaryParameter(kDate, 23, "1234", kUtc).provable());
  EXPECT_FALSE(FromBinaryParameter(kUuid, 0, "short", kUtc).provable());
}

TEST(KeyParseTest, BinaryTimesAreExactAndFinite) {
  using std::string_view;
  string_view day_one("\0\0\0\x01", 4);
  EXPECT_EQ(IntOf(FromBinaryParameter(kDate, 0, day_one, kBerlin)), 1);
  EXPECT_EQ(IntOf(FromBinaryParameter(kTimestamp, 1082, day_one, kBerlin)),
            86'400'000'000);
  EXPECT_FALSE(
      FromBinaryParameter(kTimestamptz, 1082, day_one, kBerlin).provable());
  string_view one_micro("\0\0\0\0\0\0\0\x01", 8);
  EXPECT_EQ(IntOf(FromBinaryParameter(kTimestamptz, 0, one_micro, kBerlin)), 1);
  EXPECT_FALSE(
      FromBinaryParameter(kTimestamptz, 1114, one_micro, kBerlin).provable());
  EXPECT_FALSE(FromBinaryParameter(kTimestamp0, 0, one_micro, kUtc).provable());
  string_view infinity("\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
  EXPECT_FALSE(FromBinaryParameter(kTimestamp, 0, infinity, kUtc).provable());
  EXPECT_FALSE(FromBinaryParameter(kDate, 0, string_view("\x80\0\0\0", 4), kUtc)
                   .provable());
}

TEST(KeyParseTest, BinaryTextAndUuidAreTheirBytes) {
  EXPECT_EQ(TextOf(FromBinaryParameter(kText, 1043, "abc", kUtc)), "abc");
  EXPECT_EQ(TextOf(FromBinaryParameter(kUuid, 2950, "0123456789abcdef", kUtc)),
            "0123456789abcdef");
}

TEST(KeyParseTest, OnlyNamesThatAreUtcForEveryInstantCount) {
  EXPECT_TRUE(IsUtcTimeZone("UTC"));
  EXPECT_TRUE(IsUtcTimeZone("Etc/UTC"));
  EXPECT_TRUE(IsUtcTimeZone("GMT"));
  EXPECT_FALSE(IsUtcTimeZone("Europe/London"));
  EXPECT_FALSE(IsUtcTimeZone("Etc/GMT+1"));
  EXPECT_FALSE(IsUtcTimeZone(""));
}

}  // namespace
}  // namespace pgbraid::topology
