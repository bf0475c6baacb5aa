// PostgreSQL 15's lexical syntax (src/backend/parser/scan.l): a text as a
// sequence of tokens.
//
//   text    = { white space | comment | token }
//   comment = -- to the end of the line | /* nested */
//   token   = identifier | "identifier" | U&"identifier" | literal | $n
//           | operator | :: | .. | := | => | <= | >= | <> | !=
//           | one of , ( ) [ ] . ; : + - * / % ^ < > =
//
// Keywords are identifiers here. The N of N'...' is an identifier with a string
// after it, UESCAPE an identifier too. Off the query's hot way: that is
// MakeFingerprint, which finds the same literals faster.
//
// A Lexer belongs to one thread; the text must outlive it.
#ifndef PGBRAID_SQL_LEXER_H_
#define PGBRAID_SQL_LEXER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sql/lexer_modes.h"
#include "sql/literal.h"

namespace pgbraid::sql {

enum class TokenKind : uint8_t {
  kEnd,                // nothing is left; has no bytes
  kMalformed,          // what PostgreSQL refuses; nothing after it is read
  kIdentifier,         // also keywords
  kQuotedIdentifier,   // "..."
  kUnicodeIdentifier,  // U&"..."
  kLiteral,            // see Token::literal_kind
  kParam,              // $1
  kSelf,               // one of , ( ) [ ] . ; : + - * / % ^ < > =
  kOperator,           // any other operator
  kTypecast,           // ::
  kDotDot,             // ..
  kColonEquals,        // :=
  kEqualsGreater,      // =>
  kLessEquals,         // <=
  kGreaterEquals,      // >=
  kNotEquals,          // <> and !=
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  LiteralKind literal_kind = LiteralKind::kInteger;  // kLiteral only
  size_t begin = 0;                                  // bytes [begin, end)
  size_t end = 0;

  std::string_view Text(std::string_view text) const {
    return text.substr(begin, end - begin);
  }
};

class Lexer {
 public:
  Lexer(std::string_view text, LexerModes modes) : text_(text), modes_(modes) {}

  // The next token; comments and white space are skipped. After kEnd and
  // kMalformed: the same again.
  Token Next();

 private:
  bool SkipBlanks();  // false: a comment does not end
  Token Make(TokenKind kind, size_t end);
  Token MakeLiteral(LiteralKind kind, size_t end);
  Token Malformed();
  Token ReadWord();
  Token ReadDollar();
  Token ReadPunctuation();
  Token ReadOperator();

  const std::string_view text_;
  const LexerModes modes_;
  size_t position_ = 0;
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_LEXER_H_
