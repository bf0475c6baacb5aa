#include "sql/literal.h"

#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "sql/lexer.h"
#include "sql/scanner_oracle.h"

namespace pgbraid::sql {
namespace {

constexpr LexerModes kStandard;
constexpr LexerModes kBackslashes{.standard_conforming_strings = false};

// The value of the one literal that `text` is.
std::optional<std::string> Value(std::string_view text,
                                 LexerModes modes = kStandard) {
  const Token token = Lexer(text, modes).Next();
  EXPECT_EQ(token.kind, TokenKind::kLiteral) << text;
  EXPECT_EQ(token.end, text.size()) << text;
  return LiteralValue(
      text, {0, static_cast<uint32_t>(token.end), token.literal_kind}, modes);
}

TEST(LiteralTest, NumbersAreTheirDigits) {
  EXPECT_EQ(Value("42"), "42");
  EXPECT_EQ(Value("007"), "007");
  EXPECT_EQ(Value(".5e-3"), ".5e-3");
}

TEST(LiteralTest, PlainStringsAreBetweenTheirQuotes) {
  EXPECT_EQ(Value("''"), "");
  EXPECT_EQ(Value("'a\\n'"), "a\\n");
  EXPECT_EQ(PlainValue("x = 'ab'", {4, 8, LiteralKind::kString}), "ab");
  EXPECT_EQ(PlainValue("x = 12", {4, 6, LiteralKind::kInteger}), "12");
  EXPECT_EQ(LiteralText("x = 'ab'", {4, 8, LiteralKind::kString}), "'ab'");
}

TEST(LiteralTest, DoubledQuotesAndContinuationsAreResolved) {
  EXPECT_EQ(Value("'it''s'"), "it's");
  EXPECT_EQ(Value("''''"), "'");
  EXPECT_EQ(Value("'a'\n'b' -- c\n 'd''e'"), "abd'e");
  EXPECT_EQ(Value("E'a\\n'\n'\\tb'"), "a\n\tb");
}

TEST(LiteralTest, DollarQuotedStringsAreTakenAsTheyAre) {
  EXPECT_EQ(Value("$$$$"), "");
  EXPECT_EQ(Value("$$it's \\n$$"), "it's \\n");
  EXPECT_EQ(Value("$a$ $b$ $a$"), " $b$ ");
}

TEST(LiteralTest, EscapesAreDecoded) {
  EXPECT_EQ(Value(R"(E'\b\f\n\r\t\\\'\q')"), "\b\f\n\r\t\\'q");
  EXPECT_EQ(Value(R"(E'\101\60\7z')"), "A0\az");
  EXPECT_EQ(Value(R"(E'\x41\x4z\xg')"), "A\x04zxg");
  EXPECT_EQ(Value(R"(E'\u0041\U0001F600\u00e9')"), "A😀é");
  EXPECT_EQ(Value(R"(E'\uD83D\uDE00')"), "😀");
  EXPECT_EQ(Value(R"('a\tb')", kBackslashes), "a\tb");
}

TEST(LiteralTest, UnicodeStringsAreDecoded) {
  EXPECT_EQ(Value(R"(U&'d\0061t\+000061 \\ ''')"), "data \\ '");
  EXPECT_EQ(Value(R"(U&'\D83D\DE00')"), "😀");
}

TEST(LiteralTest, BitsKeepTheirBase) {
  EXPECT_EQ(Value("B'0101'"), "b0101");
  EXPECT_EQ(Value("x'1F'"), "x1F");
  EXPECT_EQ(Value("B'01'\n'10'"), "b0110");
}

TEST(LiteralTest, BadEscapesHaveNoValue) {
  EXPECT_EQ(Value(R"(E'\u004')"), std::nullopt);
  EXPECT_EQ(Value(R"(E'\U0041')"), std::nullopt);
  EXPECT_EQ(Value(R"(E'\u0000')"), std::nullopt);
  EXPECT_EQ(Value(R"(E'\0')"), std::nullopt);
  EXPECT_EQ(Value(R"(E'\x00')"), std::nullopt);
  EXPECT_EQ(Value(R"(E'\uD83D')"), std::nullopt);
  EXPECT_EQ(Value(R"(E'\uD83Dx')"), std::nullopt);
  EXPECT_EQ(Value(R"(E'\uD83D\n')"), std::nullopt);
  EXPECT_EQ(Value(R"(E'\uDE00')"), std::nullopt);
  EXPECT_EQ(Value(R"(E'\U00110000')"), std::nullopt);
  EXPECT_EQ(Value(R"(U&'\00g1')"), std::nullopt);
  EXPECT_EQ(Value(R"(U&'\+0061')"), std::nullopt);
  EXPECT_EQ(Value(R"(U&'\D83D')"), std::nullopt);
  EXPECT_EQ(Value(R"(U&'\0000')"), std::nullopt);
}

// Strings of random pieces, read by PostgreSQL's grammar and here.
TEST(LiteralTest, AgreesWithPostgresOnRandomStrings) {
  const std::string_view pieces[] = {
      "a",
      "''",
      "\\\\",
      "\\'",
      "\\n",
      "\\x4",
      "\\xg",
      "\\x41b",
      "\\7z",
      "\\101",
      "\\1",
      "\\u0041",
      "\\u00",
      "\\q",
      "\\+0061",
      "\\0061",
      "\\U0001F600",
      "\\D83D\\DE00",
      "\\uD83D\\uDE00",
      "\\uD83D",
      "\\uDE00",
      "é",
      "\n",
      "'\n'",
      " ",
      "\"",
      "\\b0",
      "0",
      "9",
      "f",
      "\\\n",
  };
  const std::string_view openings[] = {"'", "E'", "U&'"};
  std::mt19937 random(3);
  int compared = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string literal(openings[random() % std::size(openings)]);
    const size_t count = random() % 6;
    for (size_t i = 0; i < count; ++i) {
      literal += pieces[random() % std::size(pieces)];
    }
    literal += "'";
    const Token token = Lexer(literal, kStandard).Next();
    if (token.kind != TokenKind::kLiteral || token.end != literal.size()) {
      continue;
    }
    const auto expected = OracleConstants("SELECT " + literal);
    const auto value = Value(literal);
    ASSERT_EQ(expected.has_value(), value.has_value()) << literal;
    if (!expected) continue;
    ASSERT_EQ(expected->size(), 1u) << literal;
    ASSERT_EQ(expected->at(0).value, *value) << literal;
    ++compared;
  }
  EXPECT_GT(compared, 5'000);
}

}  // namespace
}  // namespace pgbraid::sql
