#include "sql/explain_route.h"

#include "sql/keyword.h"
#include "sql/lexer.h"

namespace pgbraid::sql {

std::optional<ExplainRoutePrefix> FindExplainRoute(std::string_view text,
                                                   LexerModes modes) {
  Lexer lexer(text, modes);
  const Token explain = lexer.Next();
  if (explain.kind != TokenKind::kIdentifier ||
      !IsKeyword(explain.Text(text), "explain") ||
      lexer.Next().Text(text) != "(") {
    return std::nullopt;
  }
  const Token route = lexer.Next();
  if (route.kind != TokenKind::kIdentifier ||
      !IsKeyword(route.Text(text), "route")) {
    return std::nullopt;
  }
  const Token close = lexer.Next();
  if (close.Text(text) != ")") return std::nullopt;
  return ExplainRoutePrefix{explain.begin, close.end};
}

}  // namespace pgbraid::sql
