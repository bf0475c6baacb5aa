// How far one lexical form reaches: the pieces that the lexer and the
// fingerprint share, so that they cannot disagree. Each function is given the
// place of the form's first byte and returns the place after its last one, or
// kMalformed if PostgreSQL 15 (src/backend/parser/scan.l) refuses it.
//
// Pure; any thread. Inside sql/ only.
#ifndef PGBRAID_SQL_LEXICAL_FORMS_H_
#define PGBRAID_SQL_LEXICAL_FORMS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sql/literal.h"

namespace pgbraid::sql::lexical {

inline constexpr size_t kMalformed = std::string_view::npos;

// Classes of bytes; a byte may belong to several.
enum ByteClass : uint8_t {
  kSpace = 1,  // blank, \t \n \r \f (\v from PostgreSQL 16 on)
  kDigit = 2,
  kIdentStart = 4,  // letters, _, bytes from 0x80
  kIdentCont = 8,   // kIdentStart, digits, $
  kOpChar = 16,     // what operators are made of
  kSelfChar = 32,   // what may stand as a token of one character
};

constexpr std::array<uint8_t, 256> MakeByteClasses() {
  std::array<uint8_t, 256> classes{};
  for (char c : std::string_view(" \t\n\r\f")) {
    classes[static_cast<uint8_t>(c)] |= kSpace;
  }
  for (int c = '0'; c <= '9'; ++c) classes[c] |= kDigit | kIdentCont;
  for (int c = 'a'; c <= 'z'; ++c) classes[c] |= kIdentStart | kIdentCont;
  for (int c = 'A'; c <= 'Z'; ++c) classes[c] |= kIdentStart | kIdentCont;
  for (int c = 0x80; c <= 0xff; ++c) classes[c] |= kIdentStart | kIdentCont;
  classes['_'] |= kIdentStart | kIdentCont;
  classes['$'] |= kIdentCont;
  for (char c : std::string_view("~!@#^&|`?+-*/%<>=")) {
    classes[static_cast<uint8_t>(c)] |= kOpChar;
  }
  for (char c : std::string_view(",()[].;:+-*/%^<>=")) {
    classes[static_cast<uint8_t>(c)] |= kSelfChar;
  }
  return classes;
}

inline constexpr std::array<uint8_t, 256> kByteClasses = MakeByteClasses();

constexpr bool Is(char c, uint8_t classes) {
  return (kByteClasses[static_cast<uint8_t>(c)] & classes) != 0;
}

// The byte at `i`, or 0 past the end (no form goes on with a zero byte).
inline char At(std::string_view text, size_t i) {
  return i < text.size() ? text[i] : '\0';
}

// -- ...: to the newline (not included) or the end of the text.
size_t SkipLineComment(std::string_view text, size_t begin);

// /* ... */, nested.
size_t SkipBlockComment(std::string_view text, size_t begin);

// "...": `quote` is the first quote. Refuses an empty one.
size_t SkipQuotedIdentifier(std::string_view text, size_t quote);

struct ScannedLiteral {
  size_t end;  // kMalformed: `kind` means nothing
  LiteralKind kind;
  bool backslash = false;  // strings: there is one before `end`
};

// ScanNumber for any number.
ScannedLiteral ScanAnyNumber(std::string_view text, size_t begin);

// 1, 1.5, .5, 1., 1e10: `begin` is a digit, or a point before a digit. Stops
// before "..", as in 1..10. Refuses letters right after a number.
inline ScannedLiteral ScanNumber(std::string_view text, size_t begin) {
  size_t i = begin;
  while (i < text.size() && Is(text[i], kDigit)) ++i;
  const bool only_digits =
      i == text.size() || (text[i] != '.' && !Is(text[i], kIdentStart));
  // Up to nine digits are an int4.
  if (only_digits && i - begin <= 9) return {i, LiteralKind::kInteger};
  return ScanAnyNumber(text, begin);
}

// How a quoted string is read.
enum class Quoting : uint8_t {
  kPlain,      // '...': '' is a quote
  kBackslash,  // E'...', and '...' without standard_conforming_strings
  kUnicode,    // U&'...': as kPlain for the question of where it ends
  kBit,        // B'...', X'...': '' ends it
};

// '...' with its continuations over newlines; `quote` is the first quote, after
// the prefix. The kind is kString only for kPlain and kBackslash.
ScannedLiteral ScanQuoted(std::string_view text, size_t quote, Quoting quoting);

// $tag$...$tag$; `begin` is the first dollar. Refuses a lone dollar.
ScannedLiteral ScanDollarQuoted(std::string_view text, size_t begin);

// The length of the opening $tag$ at `begin`, 0 if there is none.
size_t DollarTagLength(std::string_view text, size_t begin);

// $n; `begin` is the dollar, a digit follows. `number` is capped at 65536.
size_t ScanParam(std::string_view text, size_t begin, uint32_t* number);

// The quote that continues the string whose closing quote is before `after`
// (only white space with a newline, and -- comments, between them), or npos.
size_t FindContinuation(std::string_view text, size_t after);

}  // namespace pgbraid::sql::lexical

#endif  // PGBRAID_SQL_LEXICAL_FORMS_H_
