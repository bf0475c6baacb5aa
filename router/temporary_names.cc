#include "router/temporary_names.h"

#include <utility>

#include "absl/strings/string_view.h"
#include "sql/lexer.h"

namespace pgbraid::router {
namespace {

// NAMEDATALEN - 1: longer identifiers are cut, at a character's end.
constexpr size_t kLongestName = 63;

// "a""b" -> a"b
std::string Unquoted(std::string_view token) {
  std::string name;
  for (size_t i = 1; i + 1 < token.size(); ++i) {
    name += token[i];
    if (token[i] == '"') ++i;
  }
  return name;
}

// False where the server's locale decides.
bool Fold(std::string_view token, std::string* name) {
  name->assign(token);
  for (char& c : *name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if ((c & 0x80) != 0) return false;
  }
  return true;
}

}  // namespace

const std::string& TemporaryNames::Question() {
  static const std::string* const question = new std::string(
      "(SELECT relname, 'name' FROM pg_catalog.pg_class"
      " WHERE relnamespace OPERATOR(pg_catalog.=)"
      " pg_catalog.pg_my_temp_schema()"
      " UNION SELECT typname, 'name' FROM pg_catalog.pg_type"
      " WHERE typnamespace OPERATOR(pg_catalog.=)"
      " pg_catalog.pg_my_temp_schema() LIMIT " +
      std::to_string(kMost + 1) +
      ") UNION ALL (SELECT '', 'child'"
      " FROM pg_catalog.pg_class c"
      " JOIN pg_catalog.pg_inherits i"
      " ON i.inhrelid OPERATOR(pg_catalog.=) c.oid"
      " JOIN pg_catalog.pg_class p"
      " ON p.oid OPERATOR(pg_catalog.=) i.inhparent"
      " WHERE c.relnamespace OPERATOR(pg_catalog.=)"
      " pg_catalog.pg_my_temp_schema()"
      " AND p.relnamespace OPERATOR(pg_catalog.<>) c.relnamespace LIMIT 1)");
  return *question;
}

TemporaryNames::TemporaryNames(
    const std::vector<std::vector<std::optional<std::string>>>& rows) {
  for (const auto& row : rows) {
    if (row.size() != 2 || !row[0] || row[1] != "name") {
      anything_ = true;
      return;
    }
    names_.insert(*row[0]);
  }
  anything_ = names_.size() > kMost;
}

bool TemporaryNames::Has(std::string_view name) const {
  return name.size() > kLongestName ||
         names_.contains(absl::string_view(name.data(), name.size()));
}

bool TemporaryNames::MayMean(std::string_view text,
                             sql::LexerModes modes) const {
  if (anything_ || !modes.ascii_safe_encoding) return true;
  if (names_.empty()) return false;
  sql::Lexer lexer(text, modes);
  std::string name;
  for (;;) {
    const sql::Token token = lexer.Next();
    switch (token.kind) {
      case sql::TokenKind::kEnd:
        return false;
      case sql::TokenKind::kMalformed:
      case sql::TokenKind::kUnicodeIdentifier:
        return true;
      case sql::TokenKind::kIdentifier:
        if (!Fold(token.Text(text), &name) || Has(name)) return true;
        break;
      case sql::TokenKind::kQuotedIdentifier:
        if (Has(Unquoted(token.Text(text)))) return true;
        break;
      default:
        break;
    }
  }
}

}  // namespace pgbraid::router
