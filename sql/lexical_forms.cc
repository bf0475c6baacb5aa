#include "sql/lexical_forms.h"

#include <emmintrin.h>

#include <bit>
#include <cstring>

namespace pgbraid::sql::lexical {
namespace {

// The first byte at or after `i` that is a quote or a backslash; the size of
// the text if there is none.
size_t FindQuoteOrBackslash(std::string_view text, size_t i) {
  const __m128i quotes = _mm_set1_epi8('\'');
  const __m128i backslashes = _mm_set1_epi8('\\');
  while (i + 16 <= text.size()) {
    const __m128i bytes =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
    const unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(
        _mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, backslashes))));
    if (mask != 0) return i + std::countr_zero(mask);
    i += 16;
  }
  while (i < text.size() && text[i] != '\'' && text[i] != '\\') ++i;
  return i;
}

size_t FindByte(std::string_view text, size_t i, char byte) {
  const void* found = std::memchr(text.data() + i, byte, text.size() - i);
  if (found == nullptr) return text.size();
  return static_cast<const char*>(found) - text.data();
}

LiteralKind IntegerKind(std::string_view digits) {
  if (digits.size() <= 9) return LiteralKind::kInteger;
  const size_t zeros = digits.find_first_not_of('0');
  if (zeros == std::string_view::npos) return LiteralKind::kInteger;
  digits.remove_prefix(zeros);
  constexpr std::string_view kInt4Edge = "2147483648";
  constexpr std::string_view kInt8Edge = "9223372036854775808";
  if (digits.size() < kInt4Edge.size()) return LiteralKind::kInteger;
  if (digits.size() == kInt4Edge.size()) {
    if (digits < kInt4Edge) return LiteralKind::kInteger;
    if (digits == kInt4Edge) return LiteralKind::kInt4Edge;
  }
  if (digits.size() < kInt8Edge.size()) return LiteralKind::kBigInteger;
  if (digits.size() == kInt8Edge.size()) {
    if (digits < kInt8Edge) return LiteralKind::kBigInteger;
    if (digits == kInt8Edge) return LiteralKind::kInt8Edge;
  }
  return LiteralKind::kNumeric;
}

size_t SkipDigits(std::string_view text, size_t i) {
  while (i < text.size() && Is(text[i], kDigit)) ++i;
  return i;
}

}  // namespace

size_t SkipLineComment(std::string_view text, size_t begin) {
  size_t i = begin + 2;
  while (i < text.size() && text[i] != '\n' && text[i] != '\r') ++i;
  return i;
}

size_t SkipBlockComment(std::string_view text, size_t begin) {
  size_t depth = 1;
  size_t i = begin + 2;
  while (i + 1 < text.size()) {
    if (text[i] == '*' && text[i + 1] == '/') {
      i += 2;
      if (--depth == 0) return i;
    } else if (text[i] == '/' && text[i + 1] == '*') {
      i += 2;
      ++depth;
    } else {
      ++i;
    }
  }
  return kMalformed;
}

size_t SkipQuotedIdentifier(std::string_view text, size_t quote) {
  size_t i = quote + 1;
  for (;;) {
    i = FindByte(text, i, '"');
    if (i == text.size()) return kMalformed;
    if (At(text, i + 1) != '"') break;
    i += 2;
  }
  return i == quote + 1 ? kMalformed : i + 1;
}

ScannedLiteral ScanAnyNumber(std::string_view text, size_t begin) {
  size_t i = SkipDigits(text, begin);
  bool integer = true;
  if (At(text, i) == '.' && !(i > begin && At(text, i + 1) == '.')) {
    integer = false;
    i = SkipDigits(text, i + 1);
  }
  if (At(text, i) == 'e' || At(text, i) == 'E') {
    integer = false;
    ++i;
    if (At(text, i) == '+' || At(text, i) == '-') ++i;
    if (!Is(At(text, i), kDigit)) return {kMalformed, LiteralKind::kNumeric};
    i = SkipDigits(text, i);
  }
  if (Is(At(text, i), kIdentStart)) return {kMalformed, LiteralKind::kNumeric};
  return {i, integer ? IntegerKind(text.substr(begin, i - begin))
                     : LiteralKind::kNumeric};
}

size_t FindContinuation(std::string_view text, size_t after) {
  bool newline = false;
  size_t i = after;
  while (i < text.size()) {
    const char c = text[i];
    if (c == '\n' || c == '\r') {
      newline = true;
      ++i;
    } else if (Is(c, kSpace)) {
      ++i;
    } else if (c == '-' && At(text, i + 1) == '-') {
      i = SkipLineComment(text, i);
    } else {
      break;
    }
  }
  return newline && At(text, i) == '\'' ? i : std::string_view::npos;
}

ScannedLiteral ScanQuoted(std::string_view text, size_t quote,
                          Quoting quoting) {
  bool simple = quoting == Quoting::kPlain || quoting == Quoting::kBackslash;
  bool backslash = false;
  size_t i = quote + 1;
  for (;;) {
    i = FindQuoteOrBackslash(text, i);
    if (i >= text.size()) return {kMalformed, LiteralKind::kOtherString};
    if (text[i] == '\\') {
      backslash = true;
      if (quoting == Quoting::kBackslash) {
        simple = false;
        ++i;
      }
      ++i;
      if (i > text.size()) return {kMalformed, LiteralKind::kOtherString};
      continue;
    }
    const char next = At(text, ++i);
    if (next == '\'' && quoting != Quoting::kBit) {
      simple = false;
      ++i;
      continue;
    }
    if (!Is(next, kSpace) && next != '-') break;
    const size_t again = FindContinuation(text, i);
    if (again == std::string_view::npos) break;
    simple = false;
    i = again + 1;
  }
  const LiteralKind kind = quoting == Quoting::kBit ? LiteralKind::kBit
                           : simple                 ? LiteralKind::kString
                                                    : LiteralKind::kOtherString;
  return {i, kind, backslash};
}

size_t DollarTagLength(std::string_view text, size_t begin) {
  size_t i = begin + 1;
  if (Is(At(text, i), kIdentStart)) {
    while (At(text, i) != '$' && Is(At(text, i), kIdentCont)) ++i;
  }
  return At(text, i) == '$' ? i + 1 - begin : 0;
}

ScannedLiteral ScanDollarQuoted(std::string_view text, size_t begin) {
  const size_t length = DollarTagLength(text, begin);
  if (length == 0) return {kMalformed, LiteralKind::kOtherString};
  const std::string_view tag = text.substr(begin, length);
  const size_t end = text.find(tag, begin + length);
  if (end == std::string_view::npos) {
    return {kMalformed, LiteralKind::kOtherString};
  }
  return {end + length, LiteralKind::kOtherString};
}

size_t ScanParam(std::string_view text, size_t begin, uint32_t* number) {
  constexpr uint32_t kCap = 65536;
  uint32_t value = 0;
  size_t i = begin + 1;
  for (; i < text.size() && Is(text[i], kDigit); ++i) {
    value = value * 10 + static_cast<uint32_t>(text[i] - '0');
    if (value > kCap) value = kCap;
  }
  *number = value;
  return Is(At(text, i), kIdentStart) ? kMalformed : i;
}

}  // namespace pgbraid::sql::lexical
