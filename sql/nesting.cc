#include "sql/nesting.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sql/keyword.h"
#include "sql/lexer.h"

namespace pgbraid::sql {
namespace {

// In units of about 1 KB of stack.
constexpr uint32_t kBracket = 6;
constexpr uint32_t kArm = 4;
constexpr uint32_t kToken = 1;
constexpr uint32_t kLimit = 3000;

// What is known of one bracket that is still open.
struct Open {
  uint32_t outside = 0;  // depth where it was opened
  uint32_t arms = 0;     // UNION, JOIN ...: a chain that no ',' ends
  uint32_t chain = 0;    // tokens since the last ',' or AND or OR
  bool is_case = false;  // by CASE, not by a bracket
};

enum class Effect { kNone, kOpen, kClose, kOpenCase, kCloseCase, kFlat, kArm };

Effect EffectOf(const Token& token, std::string_view text) {
  const std::string_view word = token.Text(text);
  if (token.kind == TokenKind::kSelf) {
    switch (word.front()) {
      case '(':
      case '[':
        return Effect::kOpen;
      case ')':
      case ']':
        return Effect::kClose;
      case ',':
        return Effect::kFlat;
      default:
        return Effect::kNone;
    }
  }
  if (token.kind != TokenKind::kIdentifier) return Effect::kNone;
  if (IsKeyword(word, "and") || IsKeyword(word, "or")) return Effect::kFlat;
  if (IsKeyword(word, "case")) return Effect::kOpenCase;
  if (IsKeyword(word, "end")) return Effect::kCloseCase;
  for (const char* arm : {"union", "intersect", "except", "join"}) {
    if (IsKeyword(word, arm)) return Effect::kArm;
  }
  return Effect::kNone;
}

}  // namespace

bool NestingIsBounded(std::string_view text) {
  // Shorter texts cannot be deep enough.
  if (text.size() < kLimit / kBracket) return true;
  Lexer lexer(text, LexerModes());
  std::vector<Open> open(1);
  bool after_dot = false;  // t.end is a column
  for (Token token = lexer.Next();
       token.kind != TokenKind::kEnd && token.kind != TokenKind::kMalformed;
       token = lexer.Next()) {
    Open& top = open.back();
    top.chain += kToken;
    const Effect effect = EffectOf(token, text);
    switch (effect) {
      case Effect::kNone:
        break;
      case Effect::kFlat:
        top.chain = 0;
        break;
      case Effect::kArm:
        top.arms += kArm;
        break;
      case Effect::kOpen:
      case Effect::kOpenCase:
        open.push_back(
            {.outside = top.outside + top.arms + top.chain + kBracket,
             .is_case = effect == Effect::kOpenCase});
        break;
      case Effect::kCloseCase:
        if (top.is_case && !after_dot) open.pop_back();
        break;
      case Effect::kClose:
        while (open.size() > 1 && open.back().is_case) open.pop_back();
        if (open.size() > 1) open.pop_back();
        break;
    }
    after_dot = token.Text(text) == ".";
    const Open& now = open.back();
    if (now.outside + now.arms + now.chain > kLimit) return false;
  }
  return true;
}

}  // namespace pgbraid::sql
