#include "sql/lexer.h"

#include <string_view>

#include "sql/lexical_forms.h"

namespace pgbraid::sql {

using lexical::At;
using lexical::Is;
using lexical::kMalformed;

Token Lexer::Make(TokenKind kind, size_t end) {
  if (end == kMalformed) return Malformed();
  Token token{kind, LiteralKind::kInteger, position_, end};
  position_ = end;
  return token;
}

Token Lexer::MakeLiteral(LiteralKind kind, size_t end) {
  Token token = Make(TokenKind::kLiteral, end);
  token.literal_kind = kind;
  return token;
}

// Stays where it is, so that the next call says the same.
Token Lexer::Malformed() {
  return {TokenKind::kMalformed, LiteralKind::kInteger, position_,
          text_.size()};
}

bool Lexer::SkipBlanks() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    const char next = At(text_, position_ + 1);
    if (Is(c, lexical::kSpace)) {
      ++position_;
    } else if (c == '-' && next == '-') {
      position_ = lexical::SkipLineComment(text_, position_);
    } else if (c == '/' && next == '*') {
      const size_t end = lexical::SkipBlockComment(text_, position_);
      if (end == kMalformed) return false;
      position_ = end;
    } else {
      break;
    }
  }
  return true;
}

Token Lexer::Next() {
  if (!SkipBlanks()) return Malformed();
  if (position_ == text_.size()) return Make(TokenKind::kEnd, position_);
  const char c = text_[position_];
  if (Is(c, lexical::kIdentStart)) return ReadWord();
  if (Is(c, lexical::kDigit) ||
      (c == '.' && Is(At(text_, position_ + 1), lexical::kDigit))) {
    const auto number = lexical::ScanNumber(text_, position_);
    return MakeLiteral(number.kind, number.end);
  }
  switch (c) {
    case '\'': {
      const auto string = lexical::ScanQuoted(
          text_, position_,
          modes_.standard_conforming_strings ? lexical::Quoting::kPlain
                                             : lexical::Quoting::kBackslash);
      return MakeLiteral(string.kind, string.end);
    }
    case '"':
      return Make(TokenKind::kQuotedIdentifier,
                  lexical::SkipQuotedIdentifier(text_, position_));
    case '$':
      return ReadDollar();
    default:
      return Is(c, lexical::kOpChar) ? ReadOperator() : ReadPunctuation();
  }
}

// An identifier, or a string or identifier with a prefix.
Token Lexer::ReadWord() {
  const char next = At(text_, position_ + 1);
  if (next == '\'') {
    switch (text_[position_]) {
      case 'e':
      case 'E': {
        const auto string = lexical::ScanQuoted(text_, position_ + 1,
                                                lexical::Quoting::kBackslash);
        return MakeLiteral(LiteralKind::kOtherString, string.end);
      }
      case 'b':
      case 'B':
      case 'x':
      case 'X': {
        const auto bits =
            lexical::ScanQuoted(text_, position_ + 1, lexical::Quoting::kBit);
        return MakeLiteral(bits.kind, bits.end);
      }
      default:
        break;
    }
  }
  if (next == '&' && (text_[position_] == 'u' || text_[position_] == 'U')) {
    const char quote = At(text_, position_ + 2);
    if (quote == '"') {
      return Make(TokenKind::kUnicodeIdentifier,
                  lexical::SkipQuotedIdentifier(text_, position_ + 2));
    }
    if (quote == '\'') {
      if (!modes_.standard_conforming_strings) return Malformed();
      const auto string =
          lexical::ScanQuoted(text_, position_ + 2, lexical::Quoting::kUnicode);
      return MakeLiteral(string.kind, string.end);
    }
  }
  size_t end = position_ + 1;
  while (end < text_.size() && Is(text_[end], lexical::kIdentCont)) ++end;
  return Make(TokenKind::kIdentifier, end);
}

Token Lexer::ReadDollar() {
  if (Is(At(text_, position_ + 1), lexical::kDigit)) {
    uint32_t number;
    return Make(TokenKind::kParam,
                lexical::ScanParam(text_, position_, &number));
  }
  const auto string = lexical::ScanDollarQuoted(text_, position_);
  return MakeLiteral(string.kind, string.end);
}

// What is neither a word, a constant nor made of operator characters.
Token Lexer::ReadPunctuation() {
  const std::string_view two = text_.substr(position_, 2);
  if (two == "::") return Make(TokenKind::kTypecast, position_ + 2);
  if (two == ":=") return Make(TokenKind::kColonEquals, position_ + 2);
  if (two == "..") return Make(TokenKind::kDotDot, position_ + 2);
  if (Is(two[0], lexical::kSelfChar)) {
    return Make(TokenKind::kSelf, position_ + 1);
  }
  return Malformed();
}

Token Lexer::ReadOperator() {
  // Longer ones are refused (NAMEDATALEN).
  constexpr size_t kMaxLength = 63;
  size_t end = position_;
  while (end < text_.size() && Is(text_[end], lexical::kOpChar)) {
    const char next = At(text_, end + 1);
    if ((text_[end] == '-' && next == '-') ||
        (text_[end] == '/' && next == '*')) {
      break;
    }
    ++end;
  }
  std::string_view op = text_.substr(position_, end - position_);
  // a=-1 is a = -1, as in the SQL standard: only operators with a character
  // that the standard does not use may end in + or -.
  if (op.find_first_of("~!@#^&|`?%") == std::string_view::npos) {
    while (op.size() > 1 && (op.back() == '+' || op.back() == '-')) {
      op.remove_suffix(1);
    }
  }
  end = position_ + op.size();
  if (op.size() > kMaxLength) return Malformed();
  if (op.size() == 1 && Is(op[0], lexical::kSelfChar)) {
    return Make(TokenKind::kSelf, end);
  }
  if (op == "=>") return Make(TokenKind::kEqualsGreater, end);
  if (op == "<=") return Make(TokenKind::kLessEquals, end);
  if (op == ">=") return Make(TokenKind::kGreaterEquals, end);
  if (op == "<>" || op == "!=") return Make(TokenKind::kNotEquals, end);
  return Make(TokenKind::kOperator, end);
}

}  // namespace pgbraid::sql
