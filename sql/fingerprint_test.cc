#include "sql/fingerprint.h"

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "sql/lexer.h"
#include "sql/lexer_corpus.h"
#include "sql/scanner_oracle.h"
#include "sql/shape.h"

namespace pgbraid::sql {
namespace {

constexpr uint64_t kSeed = 0x1234'5678'9abc'def0;
constexpr LexerModes kStandard;
constexpr LexerModes kBackslashes{.standard_conforming_strings = false};

Fingerprint Make(std::string_view text, LexerModes modes = kStandard) {
  return MakeFingerprint(text, modes, kSeed);
}

bool Same(std::string_view a, std::string_view b) {
  const Fingerprint in_a = Make(a);
  const Fingerprint in_b = Make(b);
  EXPECT_TRUE(in_a.ok) << a;
  EXPECT_TRUE(in_b.ok) << b;
  const bool same = SameShape(a, in_a, b, in_b);
  EXPECT_EQ(same, in_a.hash == in_b.hash) << a << " | " << b;
  EXPECT_EQ(same, Shape(a, in_a).Matches(b, in_b)) << a << " | " << b;
  return same;
}

bool MentionsUescape(std::string text) {
  for (char& c : text) c = static_cast<char>(c | 0x20);
  return text.find("uescape") != std::string::npos;
}

// The literals that the lexer finds; nullopt if the text is malformed or has
// bytes that begin no token (which the fingerprint leaves to the grammar).
std::optional<std::vector<Literal>> LexerLiterals(std::string_view text,
                                                  LexerModes modes) {
  Lexer lexer(text, modes);
  std::vector<Literal> literals;
  for (;;) {
    const Token token = lexer.Next();
    if (token.kind == TokenKind::kEnd) return literals;
    if (token.kind == TokenKind::kMalformed) return std::nullopt;
    if (token.kind == TokenKind::kParam &&
        std::stold(std::string(token.Text(text).substr(1))) > 65535) {
      return std::nullopt;
    }
    if (token.kind == TokenKind::kLiteral) {
      literals.push_back({static_cast<uint32_t>(token.begin),
                          static_cast<uint32_t>(token.end),
                          token.literal_kind});
    }
  }
}

void ExpectLiteralsOfLexer(const std::string& text, LexerModes modes) {
  // A copy of the exact size, so that a sanitizer sees reads outside of it.
  const auto exact = std::make_unique<char[]>(text.size());
  std::copy(text.begin(), text.end(), exact.get());
  const Fingerprint fingerprint =
      Make(std::string_view(exact.get(), text.size()), modes);
  const auto expected = LexerLiterals(text, modes);
  ASSERT_EQ(fingerprint.ok, expected.has_value()) << text;
  if (!expected) return;
  const std::vector<Literal> found(fingerprint.literals.begin(),
                                   fingerprint.literals.end());
  ASSERT_EQ(found, *expected) << text;
}

TEST(FingerprintTest, FindsTheLexersLiteralsInTheCorpus) {
  for (std::string_view text : kLexerCorpus) {
    if (MentionsUescape(std::string(text))) {
      EXPECT_FALSE(Make(text).ok) << text;
      continue;
    }
    ExpectLiteralsOfLexer(std::string(text), kStandard);
    ExpectLiteralsOfLexer(std::string(text), kBackslashes);
  }
}

// Every length and every place of a literal relative to the blocks that are
// read at once.
TEST(FingerprintTest, FindsLiteralsAtEveryOffset) {
  for (std::string_view text : kLexerCorpus) {
    if (MentionsUescape(std::string(text))) continue;
    for (size_t shift = 1; shift < 70; shift += 3) {
      ExpectLiteralsOfLexer(std::string(shift, ' ') + std::string(text),
                            kStandard);
      ExpectLiteralsOfLexer(std::string(shift, 'z') + " " + std::string(text),
                            kStandard);
    }
  }
}

TEST(FingerprintTest, HasNoFingerprintOfMalformedTexts) {
  for (std::string_view text : kMalformedCorpus) {
    EXPECT_FALSE(Make(text).ok) << text;
  }
  EXPECT_FALSE(Make("SELECT $65536").ok);
  EXPECT_FALSE(Make("SELECT $99999999999999999999").ok);
  EXPECT_FALSE(Make("SELECT $ 1").ok);
  EXPECT_FALSE(Make("SELECT U&'a'", kBackslashes).ok);
}

TEST(FingerprintTest, FindsTheLexersLiteralsInRandomPieces) {
  const std::string_view pieces[] = {
      "a",
      "B1",
      "e",
      "E'",
      "b'",
      "X'",
      "n'",
      "U&'",
      "U&\"",
      "'",
      "''",
      "\"",
      "$$",
      "$a$",
      "$1",
      "1",
      "23",
      ".",
      "..",
      "1.5",
      "e5",
      "E+",
      "-",
      "--",
      "+",
      "*",
      "/",
      "/*",
      "*/",
      "<",
      "=",
      "@",
      "|",
      "(",
      ")",
      ",",
      ";",
      ":",
      "::",
      " ",
      "\n",
      "\r",
      "\t",
      "[",
      "'x'",
      "\xc3\xa9",
      "_",
      "$b$",
      "\\",
      "99999999999",
      "'\n'",
      "\"q\"",
      "a_rather_long_identifier",
      "'a rather long string with many bytes'",
      "u",
      "&",
  };
  std::mt19937 random(7);
  int found = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    const size_t count = 1 + random() % 12;
    for (size_t i = 0; i < count; ++i) {
      text += pieces[random() % std::size(pieces)];
    }
    const LexerModes modes = random() % 4 == 0 ? kBackslashes : kStandard;
    const Fingerprint fingerprint = Make(text, modes);
    const auto expected = LexerLiterals(text, modes);
    // A stray backslash is no token, but its text is part of the shape.
    if (!expected && fingerprint.ok && text.find('\\') != std::string::npos) {
      continue;
    }
    ExpectLiteralsOfLexer(text, modes);
    if (HasFatalFailure()) return;
    found += expected ? static_cast<int>(expected->size()) : 0;
  }
  EXPECT_GT(found, 50'000);
}

TEST(FingerprintTest, ValuesAreNotPartOfTheShape) {
  EXPECT_TRUE(Same("SELECT 1", "SELECT 42"));
  EXPECT_TRUE(Same("SELECT 'a', 1.5 FROM t", "SELECT 'bcd', .25e3 FROM t"));
  EXPECT_TRUE(Same("SELECT E'a\\n'", "SELECT $$long$$"));
  EXPECT_TRUE(Same("SELECT B'1'", "SELECT X'FF'"));
  EXPECT_TRUE(Same("SELECT ''", "SELECT 'a string of more than 16 bytes'"));
}

TEST(FingerprintTest, EverythingElseIsPartOfTheShape) {
  EXPECT_FALSE(Same("SELECT 1", "select 1"));
  EXPECT_FALSE(Same("SELECT 1", "SELECT  1"));
  EXPECT_FALSE(Same("SELECT 1", "SELECT 1;"));
  EXPECT_FALSE(Same("SELECT 1", "SELECT 1.0"));
  EXPECT_FALSE(Same("SELECT 1", "SELECT 3000000000"));
  EXPECT_FALSE(Same("SELECT -2147483648", "SELECT -2147483649"));
  EXPECT_FALSE(Same("SELECT 1", "SELECT '1'"));
  EXPECT_FALSE(Same("SELECT '1'", "SELECT E'1'"));
  EXPECT_FALSE(Same("SELECT $1", "SELECT $2"));
  EXPECT_FALSE(Same("SELECT 1,2", "SELECT 1"));
  EXPECT_FALSE(Same("SELECT a", "SELECT b"));
  EXPECT_FALSE(Same("SELECT a1", "SELECT a2"));
  EXPECT_FALSE(Same("SELECT \"1\"", "SELECT \"2\""));
  EXPECT_FALSE(Same("SELECT /* 1 */ a", "SELECT /* 2 */ a"));
  EXPECT_FALSE(Same("SELECT a -- 1", "SELECT a -- 2"));
  EXPECT_FALSE(Same("SELECT 1+2", "SELECT 1-2"));
  EXPECT_FALSE(Same("1 2,3", "1,2 3"));
  EXPECT_FALSE(Same("", " "));
}

// A text of random pieces with its literals' values taken from `values`.
struct Piece {
  std::string outside;
  int kind;  // index into kValues, or -1
};
const std::vector<std::vector<std::string>> kValues = {
    {"0", "1", "42", "007", "2147483647"},
    {"2147483649", "99999999999", "9223372036854775807"},
    {"1.5", ".5", "1e9", "99999999999999999999", "2."},
    {"''", "'a'", "'1'", "'a -- b /* c'", "'a long string of some 30 bytes'"},
    {"E'a'", "E'\\''", "'a''b'", "$$x$$", "$t$ 'y' $t$", "'a'\n'b'", "U&'x'"},
    {"B'01'", "x'AF'", "b''"},
};

std::string Render(const std::vector<Piece>& pieces, std::mt19937* random) {
  std::string text;
  for (const Piece& piece : pieces) {
    text += piece.outside;
    if (piece.kind >= 0) {
      const auto& values = kValues[piece.kind];
      text += values[(*random)() % values.size()];
    }
  }
  return text;
}

TEST(FingerprintTest, OnlyValuesMayChangeInRandomTexts) {
  const std::string_view outsides[] = {" SELECT ",
                                       " a = ",
                                       " , ",
                                       " (",
                                       ") + ",
                                       " /* c */ ",
                                       " $1 AND ",
                                       " \"q\" <> ",
                                       " x.y::int - ",
                                       "\n",
                                       " a_long_identifier_1 ||",
                                       " -- rest\n ",
                                       ";",
                                       " ",
                                       " t1, $2, "};
  std::mt19937 random(99);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<Piece> pieces;
    const size_t count = 1 + random() % 20;
    for (size_t i = 0; i < count; ++i) {
      pieces.push_back({std::string(outsides[random() % std::size(outsides)]),
                        static_cast<int>(random() % (kValues.size() + 2)) - 2});
      // A newline between strings would continue the first.
      pieces.back().outside += ",";
    }
    const std::string a = Render(pieces, &random);
    ASSERT_TRUE(Same(a, Render(pieces, &random))) << a;

    std::vector<Piece> changed = pieces;
    Piece& victim = changed[random() % changed.size()];
    switch (random() % 3) {
      case 0:
        victim.outside += " ";
        break;
      case 1:
        victim.outside[random() % victim.outside.size()] ^= 0x80;
        break;
      default:
        victim.kind = victim.kind < 0 ? 0 : (victim.kind + 1) % 6;
        if (pieces[&victim - changed.data()].kind < 0) {
          victim.outside += "1, ";
        }
    }
    const std::string b = Render(changed, &random);
    const Fingerprint in_a = Make(a);
    const Fingerprint in_b = Make(b);
    if (!in_b.ok) continue;
    ASSERT_FALSE(SameShape(a, in_a, b, in_b)) << a << " | " << b;
    ASSERT_FALSE(Shape(a, in_a).Matches(b, in_b)) << a << " | " << b;
    ASSERT_NE(in_a.hash, in_b.hash) << a << " | " << b;
  }
}

TEST(FingerprintTest, HashDependsOnSeedAndModes) {
  const std::string_view text = "SELECT 'a' FROM t";
  const uint64_t hash = Make(text).hash;
  EXPECT_EQ(hash, Make(text).hash);
  EXPECT_NE(hash, MakeFingerprint(text, kStandard, kSeed + 1).hash);
  EXPECT_NE(hash, Make(text, kBackslashes).hash);
  EXPECT_NE(hash, Make(text, {.ascii_safe_encoding = false}).hash);
}

TEST(FingerprintTest, ReadsNoHighBytesOfUnsafeEncodings) {
  const LexerModes unsafe{.ascii_safe_encoding = false};
  EXPECT_TRUE(Make("SELECT 'a'", unsafe).ok);
  EXPECT_FALSE(Make("SELECT '\x83\x5c'", unsafe).ok);
  EXPECT_TRUE(Make("SELECT '\xc3\xa9'").ok);
}

TEST(FingerprintTest, ReportsParametersCommentsAndBackslashes) {
  EXPECT_EQ(Make("SELECT 1").max_param, 0);
  EXPECT_EQ(Make("SELECT $2, $12, $3").max_param, 12);
  EXPECT_EQ(Make("SELECT $65535").max_param, 65535);
  EXPECT_EQ(Make("SELECT '$9', $$ $8 $$, \"$7\", a$6 /* $5 */ -- $4").max_param,
            0);
  EXPECT_TRUE(Make("/* pgbraid: primary */ SELECT 1").leading_comment);
  EXPECT_TRUE(Make(" \n /**/SELECT 1").leading_comment);
  EXPECT_FALSE(Make("SELECT /* a */ 1").leading_comment);
  EXPECT_FALSE(Make("-- a\n/* b */ SELECT 1").leading_comment);
  EXPECT_FALSE(Make("/ * SELECT").leading_comment);
  EXPECT_FALSE(Make("").leading_comment);
  EXPECT_TRUE(Make("SELECT 'a\\b'").has_backslash);
  EXPECT_TRUE(Make("SELECT 'a\\b'", kBackslashes).has_backslash);
  EXPECT_FALSE(Make("SELECT E'a\\b', U&'\\0061', 'c'").has_backslash);
}

TEST(FingerprintTest, SlotsMatchThePlacesOfTheParseTree) {
  int constants = 0;
  for (std::string_view text : kLexerCorpus) {
    const Fingerprint fingerprint = Make(text);
    const auto expected = OracleConstants(std::string(text));
    if (!fingerprint.ok || !expected) continue;
    for (const OracleConstant& constant : *expected) {
      if (constant.location < 0) continue;
      const auto slot = SlotAt(text, fingerprint, constant.location);
      if (!slot) {
        // A constant that the grammar made of a word.
        const char c = text[constant.location];
        EXPECT_TRUE(std::isalpha(c) != 0 || c == '"') << text;
        continue;
      }
      ++constants;
      std::string value =
          *LiteralValue(text, fingerprint.literals[*slot], kStandard);
      if (text[constant.location] == '-') value.insert(0, "-");
      if (IsInteger(fingerprint.literals[*slot].kind)) {
        EXPECT_FALSE(constant.is_string) << text;
        EXPECT_EQ(std::stold(value), std::stold(constant.value)) << text;
      } else {
        EXPECT_EQ(value, constant.value) << text;
      }
    }
  }
  EXPECT_GT(constants, 250);
}

TEST(FingerprintTest, SlotIsFoundAfterASignOnly) {
  const std::string_view text = "f( - /* c */ 5, -- x\n 'a', year FROM 'b')";
  const Fingerprint fingerprint = Make(text);
  ASSERT_EQ(fingerprint.literals.size(), 3u);
  EXPECT_EQ(SlotAt(text, fingerprint, text.find('-')), 0u);
  EXPECT_EQ(SlotAt(text, fingerprint, text.find('5')), 0u);
  EXPECT_EQ(SlotAt(text, fingerprint, text.find("'a'")), 1u);
  EXPECT_EQ(SlotAt(text, fingerprint, text.find("a'")), 1u);
  EXPECT_EQ(SlotAt(text, fingerprint, text.find("year")), std::nullopt);
  EXPECT_EQ(SlotAt(text, fingerprint, text.find("f(")), std::nullopt);
  EXPECT_EQ(SlotAt(text, fingerprint, text.size() - 1), std::nullopt);
  EXPECT_EQ(SlotAt(text, fingerprint, text.size() + 5), std::nullopt);
}

TEST(FingerprintTest, HashesWholeTexts) {
  EXPECT_EQ(HashText("SELECT 1", kSeed), HashText("SELECT 1", kSeed));
  EXPECT_NE(HashText("SELECT 1", kSeed), HashText("SELECT 2", kSeed));
  EXPECT_NE(HashText("SELECT 1", kSeed), HashText("SELECT 1", kSeed + 1));
  EXPECT_NE(HashText("", kSeed), HashText(" ", kSeed));
}

}  // namespace
}  // namespace pgbraid::sql
