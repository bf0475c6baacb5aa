#include "sql/fingerprint.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "sql/lexical_forms.h"
#include "sql/piece_hash.h"
#include "sql/text_window.h"

namespace pgbraid::sql {
namespace {

using lexical::At;
using lexical::Is;
using lexical::kMalformed;

// One pass over a text.
class Pass {
 public:
  Pass(std::string_view text, LexerModes modes, uint64_t seed,
       Fingerprint* result)
      : text_(text),
        modes_(modes),
        result_(result),
        hash_(seed ^ (modes.Bits() * 0xd6e8feb86659fd93u)) {}

  // False if the text has no fingerprint.
  bool Run() {
    size_t begin = 0;    // of the window
    size_t resume = 0;   // everything before this place is done
    uint64_t carry = 0;  // 1: the byte before the window is part of a word
    while (begin < text_.size()) {
      const size_t size = std::min(kWindowSize, text_.size() - begin);
      const TextWindow window = ReadWindow(text_, begin);
      const uint64_t fresh = window.starts & ~(window.words << 1 | carry);
      uint64_t hits = fresh | window.marks;
      // After a token that is done, digits and $ begin something anew.
      const auto skip_to = [&](size_t place) {
        const uint64_t at = uint64_t{1} << (place - begin);
        hits = (hits | (window.starts & at)) & ~(at - 1);
      };
      while (hits != 0) {
        const size_t place = begin + std::countr_zero(hits);
        hits &= hits - 1;
        const size_t end = ReadAt(place);
        if (end == kNothing) continue;
        if (end == kMalformed) return false;
        resume = done_ = end;
        if (end >= begin + size) break;
        skip_to(end);
      }
      if (resume >= begin + size) {
        // Go on where the token ended, with nothing before it.
        begin = resume;
        carry = 0;
      } else {
        carry = window.words >> (size - 1) & 1;
        begin += size;
      }
    }
    hash_.Add(text_.data() + piece_, text_.size() - piece_, kEndTag);
    result_->hash = hash_.Finish();
    return !(unicode_ && MentionsUescape());
  }

 private:
  static constexpr size_t kNothing = 0;  // no token ends at 0
  static constexpr uint64_t kEndTag = 0xff;

  // Reads the token that begins at `place` (its prefix may stand before).
  // Returns where it ends, kNothing or kMalformed.
  size_t ReadAt(size_t place) {
    switch (text_[place]) {
      case '\'':
        return ReadString(place);
      case '"':
        if (UnicodePrefix(place)) unicode_ = true;
        return lexical::SkipQuotedIdentifier(text_, place);
      case '-':
        if (At(text_, place + 1) != '-') return kNothing;
        return lexical::SkipLineComment(text_, place);
      case '/':
        if (At(text_, place + 1) != '*') return kNothing;
        return lexical::SkipBlockComment(text_, place);
      case '$':
        return ReadDollar(place);
      default:
        return ReadNumber(place);
    }
  }

  // Is there a word of one letter between what is done and `place`?
  bool LoneLetterBefore(size_t place) const {
    if (place <= done_ || !Is(text_[place - 1], lexical::kIdentStart)) {
      return false;
    }
    return place - 1 == done_ || !Is(text_[place - 2], lexical::kIdentCont);
  }

  // Does U& stand before the quote?
  bool UnicodePrefix(size_t quote) const {
    return quote >= done_ + 2 && text_[quote - 1] == '&' &&
           (text_[quote - 2] | 0x20) == 'u' && LoneLetterBefore(quote - 1);
  }

  size_t ReadString(size_t quote) {
    using lexical::Quoting;
    const Quoting plain = modes_.standard_conforming_strings
                              ? Quoting::kPlain
                              : Quoting::kBackslash;
    if (LoneLetterBefore(quote)) {
      switch (text_[quote - 1] | 0x20) {
        case 'e': {
          const auto string =
              lexical::ScanQuoted(text_, quote, Quoting::kBackslash);
          return AddLiteral(quote - 1, string.end, LiteralKind::kOtherString);
        }
        case 'b':
        case 'x': {
          const auto bits = lexical::ScanQuoted(text_, quote, Quoting::kBit);
          return AddLiteral(quote - 1, bits.end, bits.kind);
        }
        default:
          break;  // N'...', or a type of one letter
      }
    } else if (UnicodePrefix(quote)) {
      if (!modes_.standard_conforming_strings) return kMalformed;
      unicode_ = true;
      const auto string = lexical::ScanQuoted(text_, quote, Quoting::kUnicode);
      return AddLiteral(quote - 2, string.end, string.kind);
    }
    const auto string = lexical::ScanQuoted(text_, quote, plain);
    result_->has_backslash |= string.backslash;
    return AddLiteral(quote, string.end, string.kind);
  }

  size_t ReadDollar(size_t place) {
    if (Is(At(text_, place + 1), lexical::kDigit)) {
      uint32_t number;
      const size_t end = lexical::ScanParam(text_, place, &number);
      if (number > std::numeric_limits<uint16_t>::max()) return kMalformed;
      result_->max_param =
          std::max(result_->max_param, static_cast<uint16_t>(number));
      return end;
    }
    const auto string = lexical::ScanDollarQuoted(text_, place);
    return AddLiteral(place, string.end, string.kind);
  }

  size_t ReadNumber(size_t digit) {
    // A point before the digit belongs to it, unless it is half of "..".
    size_t points = digit;
    while (points > done_ && text_[points - 1] == '.') --points;
    const size_t begin = digit - ((digit - points) & 1);
    const auto number = lexical::ScanNumber(text_, begin);
    return AddLiteral(begin, number.end, number.kind);
  }

  size_t AddLiteral(size_t begin, size_t end, LiteralKind kind) {
    if (end == kMalformed) return kMalformed;
    hash_.Add(text_.data() + piece_, begin - piece_,
              static_cast<uint64_t>(kind));
    piece_ = end;
    result_->literals.push_back(
        {static_cast<uint32_t>(begin), static_cast<uint32_t>(end), kind});
    return end;
  }

  // UESCAPE makes the name or string before it depend on the literal after it.
  // Looked for anywhere: rare, and a false alarm costs a cache entry only.
  bool MentionsUescape() const {
    constexpr std::string_view kWord = "uescape";
    const auto same = [](char a, char b) { return (a | 0x20) == b; };
    return std::search(text_.begin(), text_.end(), kWord.begin(), kWord.end(),
                       same) != text_.end();
  }

  const std::string_view text_;
  const LexerModes modes_;
  Fingerprint* const result_;
  PieceHash hash_;
  size_t piece_ = 0;  // begin of the bytes that are not hashed yet
  size_t done_ = 0;   // end of the last token that was read as one
  bool unicode_ = false;
};

bool BeginsWithComment(std::string_view text) {
  size_t i = 0;
  while (i < text.size() && Is(text[i], lexical::kSpace)) ++i;
  return At(text, i) == '/' && At(text, i + 1) == '*';
}

bool HasHighBytes(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x80;
  });
}

}  // namespace

Fingerprint MakeFingerprint(std::string_view text, LexerModes modes,
                            uint64_t seed) {
  Fingerprint fingerprint;
  fingerprint.leading_comment = BeginsWithComment(text);
  if (text.size() > std::numeric_limits<uint32_t>::max()) return fingerprint;
  if (!modes.ascii_safe_encoding && HasHighBytes(text)) return fingerprint;
  fingerprint.ok = Pass(text, modes, seed, &fingerprint).Run();
  return fingerprint;
}

uint64_t HashText(std::string_view text, uint64_t seed) {
  PieceHash hash(seed ^ 0xe7037ed1a0b428dbu);
  hash.Add(text.data(), text.size(), 0);
  return hash.Finish();
}

bool SameShape(std::string_view text_a, const Fingerprint& a,
               std::string_view text_b, const Fingerprint& b) {
  if (a.literals.size() != b.literals.size()) return false;
  size_t from_a = 0;
  size_t from_b = 0;
  for (size_t i = 0; i < a.literals.size(); ++i) {
    const Literal& in_a = a.literals[i];
    const Literal& in_b = b.literals[i];
    if (in_a.kind != in_b.kind) return false;
    if (text_a.substr(from_a, in_a.begin - from_a) !=
        text_b.substr(from_b, in_b.begin - from_b)) {
      return false;
    }
    from_a = in_a.end;
    from_b = in_b.end;
  }
  return text_a.substr(from_a) == text_b.substr(from_b);
}

std::optional<size_t> SlotAt(std::string_view text,
                             const Fingerprint& fingerprint, size_t offset) {
  const auto& literals = fingerprint.literals;
  const auto found = std::partition_point(
      literals.begin(), literals.end(),
      [offset](const Literal& literal) { return literal.end <= offset; });
  if (found == literals.end()) return std::nullopt;
  size_t i = offset;
  if (text[i] == '-' && At(text, i + 1) != '-') ++i;
  while (i < found->begin) {
    const char c = text[i];
    const char next = At(text, i + 1);
    if (c == '-' && next == '-') {
      i = lexical::SkipLineComment(text, i);
    } else if (c == '/' && next == '*') {
      i = lexical::SkipBlockComment(text, i);
    } else if (Is(c, lexical::kSpace)) {
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return found - literals.begin();
}

}  // namespace pgbraid::sql
