#include "sql/prepared_place.h"

#include "sql/keyword.h"
#include "sql/lexer.h"

namespace pgbraid::sql {
namespace {

bool IsEnd(const Token& token) {
  return token.kind == TokenKind::kEnd || token.kind == TokenKind::kMalformed;
}

bool IsWord(const Token& token, std::string_view text, std::string_view word) {
  return token.kind == TokenKind::kIdentifier &&
         IsKeyword(token.Text(text), word);
}

// The number of the token at which the statement inside of a PREPARE begins.
// `lexer` stands behind the token `number`.
uint32_t TokenAfterAs(Lexer lexer, std::string_view text, uint32_t number) {
  int open = 0;
  for (;;) {
    const Token token = lexer.Next();
    ++number;
    if (IsEnd(token)) return number;
    if (token.Text(text) == "(") ++open;
    if (token.Text(text) == ")") --open;
    if (open == 0 && IsWord(token, text, "as")) return number + 1;
  }
}

}  // namespace

void PlacePrepared(std::string_view text, LexerModes modes, size_t keyword,
                   PreparedUse* use) {
  Lexer lexer(text, modes);
  uint32_t number = 0;
  Token token = lexer.Next();
  while (!IsEnd(token) && token.begin < keyword) {
    token = lexer.Next();
    ++number;
  }
  const bool deallocates = use->action == PreparedUse::Action::kDeallocate;
  token = lexer.Next();
  ++number;
  if (deallocates && IsWord(token, text, "prepare")) {
    // PREPARE may also be the name.
    Lexer ahead = lexer;
    const Token next = ahead.Next();
    if (!IsEnd(next) && next.Text(text) != ";") ++number;
  }
  use->name_token = number;
  if (use->action == PreparedUse::Action::kPrepare) {
    use->inner_token = TokenAfterAs(lexer, text, number);
  }
}

TokenBytes BytesOfToken(std::string_view text, LexerModes modes,
                        uint32_t number) {
  Lexer lexer(text, modes);
  Token token = lexer.Next();
  for (uint32_t i = 0; i < number && !IsEnd(token); ++i) token = lexer.Next();
  if (IsEnd(token)) return {text.size(), text.size()};
  TokenBytes bytes{token.begin, token.end};
  if (token.kind == TokenKind::kUnicodeIdentifier &&
      IsWord(lexer.Next(), text, "uescape")) {
    bytes.end = lexer.Next().end;
  }
  return bytes;
}

size_t EndOfStatement(std::string_view text, LexerModes modes,
                      uint32_t number) {
  Lexer lexer(text, modes);
  Token token = lexer.Next();
  for (uint32_t i = 0; i < number && !IsEnd(token); ++i) token = lexer.Next();
  size_t end = token.begin;
  int open = 0;
  while (!IsEnd(token) && (open > 0 || token.Text(text) != ";")) {
    if (token.Text(text) == "(") ++open;
    if (token.Text(text) == ")") --open;
    end = token.end;
    token = lexer.Next();
  }
  return end;
}

}  // namespace pgbraid::sql
