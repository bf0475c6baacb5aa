#include "sql/inner_text.h"

#include "sql/keyword.h"
#include "sql/lexer.h"

namespace pgbraid::sql {
namespace {

// Reads up to the bracket that closes the one just read.
void SkipBrackets(Lexer& lexer, std::string_view text) {
  int open = 1;
  while (open > 0) {
    const Token token = lexer.Next();
    if (token.kind == TokenKind::kEnd || token.kind == TokenKind::kMalformed) {
      return;
    }
    if (token.Text(text) == "(") ++open;
    if (token.Text(text) == ")") --open;
  }
}

// `EXPLAIN (` may also open the statement itself: (SELECT 1).
bool OpensQuery(Lexer lexer, std::string_view text) {
  Token token = lexer.Next();
  while (token.Text(text) == "(") token = lexer.Next();
  if (token.kind != TokenKind::kIdentifier) return false;
  for (const char* word : {"select", "values", "with", "table"}) {
    if (IsKeyword(token.Text(text), word)) return true;
  }
  return false;
}

}  // namespace

uint32_t InnerOfExplain(std::string_view statement) {
  Lexer lexer(statement, LexerModes());
  lexer.Next();  // EXPLAIN
  Token token = lexer.Next();
  if (token.Text(statement) == "(" && !OpensQuery(lexer, statement)) {
    SkipBrackets(lexer, statement);
    token = lexer.Next();
  } else {
    while (IsKeyword(token.Text(statement), "analyze") ||
           IsKeyword(token.Text(statement), "analyse") ||
           IsKeyword(token.Text(statement), "verbose")) {
      token = lexer.Next();
    }
  }
  return static_cast<uint32_t>(token.begin);
}

uint32_t InnerAfter(std::string_view keyword, std::string_view statement) {
  Lexer lexer(statement, LexerModes());
  while (true) {
    const Token token = lexer.Next();
    if (token.kind == TokenKind::kEnd || token.kind == TokenKind::kMalformed) {
      return static_cast<uint32_t>(statement.size());
    }
    if (token.Text(statement) == "(") SkipBrackets(lexer, statement);
    if (token.kind == TokenKind::kIdentifier &&
        IsKeyword(token.Text(statement), keyword)) {
      return static_cast<uint32_t>(lexer.Next().begin);
    }
  }
}

}  // namespace pgbraid::sql
