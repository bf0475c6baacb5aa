#include "sql/literal.h"

#include <utility>

#include "sql/lexical_forms.h"

namespace pgbraid::sql {
namespace {

using lexical::At;

constexpr uint32_t kNotHex = 0xffffffffu;

uint32_t HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return kNotHex;
}

// Decodes the inside of one kind of string; one pass from left to right.
// Source: scan.l (E'') and parser.c, str_udeescape (U&'').
class Decoder {
 public:
  Decoder(std::string_view text, LexerModes modes)
      : text_(text), modes_(modes) {}

  // `text` is a whole literal, prefix and continuations included.
  std::optional<std::string> Decode() {
    switch (text_[0]) {
      case '$':
        return std::string(DollarQuoted());
      case 'e':
      case 'E':
        return Quoted(1, &Decoder::Backslash);
      case 'u':
      case 'U':
        return Quoted(2, &Decoder::UnicodeEscape);
      default:
        return Quoted(0, modes_.standard_conforming_strings
                             ? nullptr
                             : &Decoder::Backslash);
    }
  }

  // The characters of B'...' or X'...', continuations joined.
  std::string Bits() {
    std::string value(1, static_cast<char>(text_[0] | 0x20));
    bool inside = false;
    for (size_t i = 1; i < text_.size(); ++i) {
      if (text_[i] == '\'') {
        if (inside) i = Reopen(i) - 1;
        inside = true;
      } else {
        value += text_[i];
      }
    }
    return value;
  }

 private:
  // Reads the escape at position_ (a backslash) and moves past it; false if
  // PostgreSQL refuses it.
  using Escape = bool (Decoder::*)();

  std::string_view DollarQuoted() const {
    const size_t tag = lexical::DollarTagLength(text_, 0);
    return text_.substr(tag, text_.size() - 2 * tag);
  }

  // The place after the quote that continues the string closed at `quote`, or
  // the end of the literal.
  size_t Reopen(size_t quote) const {
    const size_t again = lexical::FindContinuation(text_, quote + 1);
    return again == std::string_view::npos ? text_.size() : again + 1;
  }

  std::optional<std::string> Quoted(size_t quote, Escape escape) {
    position_ = quote + 1;
    while (position_ < text_.size()) {
      const char c = text_[position_];
      if (c == '\\' && escape != nullptr) {
        if (!(this->*escape)()) return std::nullopt;
        continue;
      }
      if (high_surrogate_ != 0) return std::nullopt;
      if (c != '\'') {
        value_ += c;
        ++position_;
      } else if (At(text_, position_ + 1) == '\'') {
        value_ += c;
        position_ += 2;
      } else {
        position_ = Reopen(position_);
      }
    }
    if (high_surrogate_ != 0) return std::nullopt;
    return std::move(value_);
  }

  bool Backslash() {
    const char c = At(text_, position_ + 1);
    if (c == 'u') return Unicode(position_ + 2, 4);
    if (c == 'U') return Unicode(position_ + 2, 8);
    if (high_surrogate_ != 0) return false;
    if (c >= '0' && c <= '7') return Octal();
    if (c == 'x' && HexDigit(At(text_, position_ + 2)) != kNotHex) {
      return Hex();
    }
    position_ += 2;
    switch (c) {
      case 'b':
        value_ += '\b';
        return true;
      case 'f':
        value_ += '\f';
        return true;
      case 'n':
        value_ += '\n';
        return true;
      case 'r':
        value_ += '\r';
        return true;
      case 't':
        value_ += '\t';
        return true;
      default:
        value_ += c;
        return true;
    }
  }

  bool Octal() {
    uint32_t byte = 0;
    ++position_;
    for (int i = 0; i < 3; ++i, ++position_) {
      const char c = At(text_, position_);
      if (c < '0' || c > '7') break;
      byte = byte * 8 + static_cast<uint32_t>(c - '0');
    }
    return AppendByte(byte & 0xff);
  }

  bool Hex() {
    uint32_t byte = 0;
    position_ += 2;
    for (int i = 0; i < 2; ++i, ++position_) {
      const uint32_t digit = HexDigit(At(text_, position_));
      if (digit == kNotHex) break;
      byte = byte * 16 + digit;
    }
    return AppendByte(byte);
  }

  bool AppendByte(uint32_t byte) {
    if (byte == 0) return false;
    value_ += static_cast<char>(byte);
    return true;
  }

  bool UnicodeEscape() {
    const char c = At(text_, position_ + 1);
    if (c == '\\') {
      if (high_surrogate_ != 0) return false;
      value_ += '\\';
      position_ += 2;
      return true;
    }
    if (c == '+') return Unicode(position_ + 2, 6);
    return Unicode(position_ + 1, 4);
  }

  // `digits` hexadecimal digits from `begin` are a code point.
  bool Unicode(size_t begin, size_t digits) {
    uint32_t code = 0;
    for (size_t i = begin; i < begin + digits; ++i) {
      const uint32_t digit = HexDigit(At(text_, i));
      if (digit == kNotHex) return false;
      code = code << 4 | digit;
    }
    position_ = begin + digits;
    const bool low = code >= 0xdc00 && code <= 0xdfff;
    if (low != (high_surrogate_ != 0)) return false;
    if (low) {
      code = 0x10000 + ((high_surrogate_ - 0xd800) << 10) + (code - 0xdc00);
      high_surrogate_ = 0;
    } else if (code >= 0xd800 && code <= 0xdbff) {
      high_surrogate_ = code;
      return true;
    }
    return AppendUtf8(code);
  }

  bool AppendUtf8(uint32_t code) {
    if (code == 0 || code > 0x10ffff) return false;
    const auto append = [this](uint32_t byte) {
      value_ += static_cast<char>(byte);
    };
    if (code < 0x80) {
      append(code);
    } else if (code < 0x800) {
      append(0xc0 | code >> 6);
      append(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      append(0xe0 | code >> 12);
      append(0x80 | (code >> 6 & 0x3f));
      append(0x80 | (code & 0x3f));
    } else {
      append(0xf0 | code >> 18);
      append(0x80 | (code >> 12 & 0x3f));
      append(0x80 | (code >> 6 & 0x3f));
      append(0x80 | (code & 0x3f));
    }
    return true;
  }

  const std::string_view text_;
  const LexerModes modes_;
  size_t position_ = 0;
  uint32_t high_surrogate_ = 0;  // waiting for its other half; 0: none
  std::string value_;
};

}  // namespace

std::optional<std::string> LiteralValue(std::string_view text, Literal literal,
                                        LexerModes modes) {
  switch (literal.kind) {
    case LiteralKind::kOtherString:
      return Decoder(LiteralText(text, literal), modes).Decode();
    case LiteralKind::kBit:
      return Decoder(LiteralText(text, literal), modes).Bits();
    default:
      return std::string(PlainValue(text, literal));
  }
}

}  // namespace pgbraid::sql
