#include "sql/lexer.h"

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "sql/lexer_corpus.h"
#include "sql/scanner_oracle.h"

namespace pgbraid::sql {
namespace {

constexpr LexerModes kStandard;
constexpr LexerModes kBackslashes{.standard_conforming_strings = false};

std::vector<Token> Tokens(std::string_view text, LexerModes modes = kStandard) {
  Lexer lexer(text, modes);
  std::vector<Token> tokens;
  for (;;) {
    const Token token = lexer.Next();
    if (token.kind == TokenKind::kEnd) return tokens;
    tokens.push_back(token);
    if (token.kind == TokenKind::kMalformed) return tokens;
  }
}

// The tokens' texts, each in angle brackets.
std::string Split(std::string_view text, LexerModes modes = kStandard) {
  std::string split;
  for (const Token& token : Tokens(text, modes)) {
    if (token.kind == TokenKind::kMalformed) return split + "!";
    split.append("<").append(token.Text(text)).append(">");
  }
  return split;
}

TokenKind KindOf(std::string_view text) { return Tokens(text).at(0).kind; }

LiteralKind LiteralKindOf(std::string_view text, LexerModes modes = kStandard) {
  const std::vector<Token> tokens = Tokens(text, modes);
  EXPECT_EQ(tokens.size(), 1u) << text;
  EXPECT_EQ(tokens.at(0).kind, TokenKind::kLiteral) << text;
  return tokens.at(0).literal_kind;
}

OracleToken::Kind AsOracleKind(const Token& token) {
  if (token.kind == TokenKind::kParam) return OracleToken::Kind::kParam;
  if (token.kind != TokenKind::kLiteral) return OracleToken::Kind::kOther;
  switch (token.literal_kind) {
    case LiteralKind::kInteger:
      return OracleToken::Kind::kInteger;
    case LiteralKind::kString:
    case LiteralKind::kOtherString:
      return OracleToken::Kind::kString;
    case LiteralKind::kBit:
      return OracleToken::Kind::kBits;
    default:
      return OracleToken::Kind::kFloat;
  }
}

void ExpectSameTokens(const std::string& text) {
  const auto expected = OracleScan(text);
  const std::vector<Token> tokens = Tokens(text);
  const bool malformed =
      !tokens.empty() && tokens.back().kind == TokenKind::kMalformed;
  ASSERT_EQ(!expected.has_value(), malformed) << text;
  if (malformed) return;
  ASSERT_EQ(expected->size(), tokens.size()) << text;
  for (size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ((*expected)[i].kind, AsOracleKind(tokens[i])) << text;
    EXPECT_EQ((*expected)[i].begin, tokens[i].begin) << text;
    const std::string_view prefix = tokens[i].Text(text).substr(0, 2);
    if (prefix != "U&" && prefix != "u&") {
      EXPECT_EQ((*expected)[i].end, tokens[i].end) << text;
    }
  }
}

TEST(LexerTest, AgreesWithPostgresOnTheCorpus) {
  ASSERT_GE(std::size(kLexerCorpus), 200u);
  for (std::string_view text : kLexerCorpus)
    ExpectSameTokens(std::string(text));
}

TEST(LexerTest, RefusesWhatPostgresRefuses) {
  for (std::string_view text : kMalformedCorpus) {
    ASSERT_FALSE(OracleScan(std::string(text)).has_value()) << text;
    ExpectSameTokens(std::string(text));
  }
}

// Texts of random pieces, most of them malformed or at least not SQL.
TEST(LexerTest, AgreesWithPostgresOnRandomPieces) {
  const std::string_view pieces[] = {
      "a",     "B1",   "e",   "E'",     "b'",       "X'",      "n'",
      "U&'",   "U&\"", "'",   "''",     "\"",       "$",       "$$",
      "$a$",   "$1",   "1",   "23",     ".",        "..",      "1.5",
      "e5",    "E+",   "-",   "+",      "*",        "/",       "/*",
      "*/",    "<",    "=",   ">",      "@",        "~",       "!",
      "|",     "(",    ")",   ",",      ";",        ":",       "::",
      ":=",    " ",    "  ",  "\n",     "\r",       "\t",      "\f",
      "[",     "]",    "'x'", "é",      "_",        "$b$",     "99999999999",
      "%",     "^",    "#",   "' \n '", "'a'\n'b'", "/* c */", "\"q\"",
      "$$x$$", "u",    "&",
  };
  std::mt19937 random(20240501);
  int accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    const size_t count = 1 + random() % 9;
    for (size_t i = 0; i < count; ++i) {
      text += pieces[random() % std::size(pieces)];
    }
    // The two differences of pg_query_scan: comments in continuations, and a
    // lone dollar, which it leaves to the grammar to refuse.
    if (text.find("--") != std::string::npos &&
        text.find('\'') != std::string::npos) {
      continue;
    }
    const std::vector<Token> tokens = Tokens(text);
    if (!tokens.empty() && tokens.back().kind == TokenKind::kMalformed &&
        text[tokens.back().begin] == '$' && OracleScan(text).has_value()) {
      continue;
    }
    ExpectSameTokens(text);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
    accepted += tokens.empty() || tokens.back().kind != TokenKind::kMalformed;
  }
  EXPECT_GT(accepted, 5'000);
}

TEST(LexerTest, ContinuesStringsOverCommentsAndNewlines) {
  EXPECT_EQ(Split("'a' -- c\n 'b', 1"), "<'a' -- c\n 'b'><,><1>");
  EXPECT_EQ(Split("'a' -- c\n -- it's\n 'b'"), "<'a' -- c\n -- it's\n 'b'>");
  EXPECT_EQ(Split("'a'\r\n'b'"), "<'a'\r\n'b'>");
  EXPECT_EQ(Split("'a' 'b'"), "<'a'><'b'>");
  EXPECT_EQ(Split("'a' -- c 'b'"), "<'a'>");
  EXPECT_EQ(Split("'a' /* \n */ 'b'"), "<'a'><'b'>");
  EXPECT_EQ(Split("'a'\n-1"), "<'a'><-><1>");
}

TEST(LexerTest, BackslashEscapesOnlyWithoutStandardConformingStrings) {
  EXPECT_EQ(Split(R"('a\', 'c')"), R"(<'a\'><,><'c'>)");
  EXPECT_EQ(Split(R"('a\', 'c')", kBackslashes), R"(<'a\', '><c>!)");
  EXPECT_EQ(Split(R"('a\'b')", kBackslashes), R"(<'a\'b'>)");
  EXPECT_EQ(LiteralKindOf(R"('a\b')"), LiteralKind::kString);
  EXPECT_EQ(LiteralKindOf(R"('a\b')", kBackslashes), LiteralKind::kOtherString);
  EXPECT_EQ(LiteralKindOf("'ab'", kBackslashes), LiteralKind::kString);
}

TEST(LexerTest, RefusesUnicodeStringsWithoutStandardConformingStrings) {
  EXPECT_EQ(Split("U&'a'", kBackslashes), "!");
  EXPECT_EQ(Split("U&\"a\"", kBackslashes), "<U&\"a\">");
}

TEST(LexerTest, TellsIntegersByTheTypeTheyGet) {
  EXPECT_EQ(LiteralKindOf("0"), LiteralKind::kInteger);
  EXPECT_EQ(LiteralKindOf("2147483647"), LiteralKind::kInteger);
  EXPECT_EQ(LiteralKindOf("0002147483647"), LiteralKind::kInteger);
  EXPECT_EQ(LiteralKindOf("2147483648"), LiteralKind::kInt4Edge);
  EXPECT_EQ(LiteralKindOf("002147483648"), LiteralKind::kInt4Edge);
  EXPECT_EQ(LiteralKindOf("2147483649"), LiteralKind::kBigInteger);
  EXPECT_EQ(LiteralKindOf("9999999999"), LiteralKind::kBigInteger);
  EXPECT_EQ(LiteralKindOf("9223372036854775807"), LiteralKind::kBigInteger);
  EXPECT_EQ(LiteralKindOf("9223372036854775808"), LiteralKind::kInt8Edge);
  EXPECT_EQ(LiteralKindOf("9223372036854775809"), LiteralKind::kNumeric);
  EXPECT_EQ(LiteralKindOf("10000000000000000000"), LiteralKind::kNumeric);
  EXPECT_EQ(LiteralKindOf("1.0"), LiteralKind::kNumeric);
  EXPECT_EQ(LiteralKindOf(".5"), LiteralKind::kNumeric);
  EXPECT_EQ(LiteralKindOf("1."), LiteralKind::kNumeric);
  EXPECT_EQ(LiteralKindOf("1e3"), LiteralKind::kNumeric);
}

TEST(LexerTest, NamesOperatorsThatAreTokensOfTheirOwn) {
  EXPECT_EQ(KindOf("::"), TokenKind::kTypecast);
  EXPECT_EQ(KindOf(".."), TokenKind::kDotDot);
  EXPECT_EQ(KindOf(":="), TokenKind::kColonEquals);
  EXPECT_EQ(KindOf("=>"), TokenKind::kEqualsGreater);
  EXPECT_EQ(KindOf("<="), TokenKind::kLessEquals);
  EXPECT_EQ(KindOf(">="), TokenKind::kGreaterEquals);
  EXPECT_EQ(KindOf("<>"), TokenKind::kNotEquals);
  EXPECT_EQ(KindOf("!="), TokenKind::kNotEquals);
  EXPECT_EQ(KindOf("=-"), TokenKind::kSelf);
  EXPECT_EQ(KindOf("=>-1"), TokenKind::kEqualsGreater);
  EXPECT_EQ(KindOf("->"), TokenKind::kOperator);
  EXPECT_EQ(KindOf("~"), TokenKind::kOperator);
  EXPECT_EQ(KindOf(";"), TokenKind::kSelf);
}

TEST(LexerTest, RefusesOperatorsLongerThanNames) {
  EXPECT_EQ(Split(std::string(63, '@')), "<" + std::string(63, '@') + ">");
  EXPECT_EQ(Split(std::string(64, '@')), "!");
}

TEST(LexerTest, RefusesBytesThatBeginNoToken) {
  EXPECT_EQ(Split("a {"), "<a>!");
  EXPECT_EQ(Split("a \\"), "<a>!");
  EXPECT_EQ(Split("a \v b"), "<a>!");
  EXPECT_EQ(Split("a $b"), "<a>!");
}

TEST(LexerTest, StaysAtTheEndAndAtWhatIsMalformed) {
  Lexer ended("a", kStandard);
  ended.Next();
  EXPECT_EQ(ended.Next().kind, TokenKind::kEnd);
  EXPECT_EQ(ended.Next().kind, TokenKind::kEnd);
  Lexer broken("'a", kStandard);
  EXPECT_EQ(broken.Next().kind, TokenKind::kMalformed);
  EXPECT_EQ(broken.Next().kind, TokenKind::kMalformed);
}

}  // namespace
}  // namespace pgbraid::sql
