// The constants of a text: where they stand, what kind they are, what value
// they have.
//
// Values and pure functions; any thread.
#ifndef PGBRAID_SQL_LITERAL_H_
#define PGBRAID_SQL_LITERAL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sql/lexer_modes.h"

namespace pgbraid::sql {

// What a constant is as far as PostgreSQL's type resolution can tell without
// its value: two texts whose constants are of the same kinds call the same
// functions and operators. Integers are therefore told apart by the type they
// get (parser/parse_node.c, make_const), also with a minus sign before them.
enum class LiteralKind : uint8_t {
  kInteger,     // digits, up to 2147483647: int4
  kInt4Edge,    // 2147483648: int8, but int4 with a minus sign
  kBigInteger,  // digits, up to 9223372036854775807: int8
  kInt8Edge,    // 9223372036854775808: numeric, but int8 with a minus sign
  kNumeric,     // more digits, a point or an exponent: numeric

  // '...' without escapes, doubled quotes or continuation: its value is the
  // text between the quotes.
  kString,
  // E'', U&'', $tag$, and '...' with doubled quotes, backslash escapes
  // (standard_conforming_strings off) or continued over a newline.
  kOtherString,
  kBit,  // B'' and X''
};

constexpr bool IsNumber(LiteralKind kind) {
  return kind <= LiteralKind::kNumeric;
}
// Digits only, and within the range of int8 (with or without a minus sign).
constexpr bool IsInteger(LiteralKind kind) {
  return kind <= LiteralKind::kInt8Edge;
}
constexpr bool IsString(LiteralKind kind) {
  return kind == LiteralKind::kString || kind == LiteralKind::kOtherString;
}

// One constant: the bytes [begin, end) of its text, with its quotes and prefix
// (but not the N of N'...', nor a sign, nor a type name before it).
struct Literal {
  uint32_t begin = 0;
  uint32_t end = 0;
  LiteralKind kind = LiteralKind::kInteger;

  friend bool operator==(const Literal&, const Literal&) = default;
};

// The literal as written.
inline std::string_view LiteralText(std::string_view text, Literal literal) {
  return text.substr(literal.begin, literal.end - literal.begin);
}

// The value of a literal that needs no decoding (a number, or kString) as a
// part of `text`.
// For kOtherString and kBit: as LiteralText.
inline std::string_view PlainValue(std::string_view text, Literal literal) {
  if (literal.kind == LiteralKind::kString) {
    return text.substr(literal.begin + 1, literal.end - literal.begin - 2);
  }
  return LiteralText(text, literal);
}

// The value as PostgreSQL's grammar reads it: a number's digits as written, a
// string decoded, a bit string with its base before it ("b0101", "x1F").
// nullopt where PostgreSQL would report an error for it (a bad escape). Unicode
// escapes give UTF-8: for another server encoding only ASCII can be relied on.
// Bytes given by number (E'\xC3') are not checked against the encoding.
// U&'' is read with its default escape '\': texts with UESCAPE have no
// fingerprint, so nobody asks.
std::optional<std::string> LiteralValue(std::string_view text, Literal literal,
                                        LexerModes modes);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_LITERAL_H_
