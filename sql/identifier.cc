#include "sql/identifier.h"

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

namespace pgbraid::sql {
namespace {

// Only unreserved keywords may stand as names everywhere.
bool IsReserved(const std::string& word) {
  PgQueryScanResult result = pg_query_scan(word.c_str());
  bool reserved = true;
  if (result.error == nullptr) {
    PgQuery__ScanResult* scan = pg_query__scan_result__unpack(
        nullptr, result.pbuf.len,
        reinterpret_cast<const uint8_t*>(result.pbuf.data));
    if (scan != nullptr && scan->n_tokens == 1) {
      const PgQuery__KeywordKind kind = scan->tokens[0]->keyword_kind;
      reserved = kind != PG_QUERY__KEYWORD_KIND__NO_KEYWORD &&
                 kind != PG_QUERY__KEYWORD_KIND__UNRESERVED_KEYWORD;
    }
    if (scan != nullptr) pg_query__scan_result__free_unpacked(scan, nullptr);
  }
  pg_query_free_scan_result(result);
  return reserved;
}

bool IsPlain(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
      return false;
    }
  }
  return true;
}

std::string Enclose(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) {
    if (c == quote) quoted.push_back(quote);
    quoted.push_back(c);
  }
  quoted.push_back(quote);
  return quoted;
}

}  // namespace

std::string QuoteIdentifier(std::string_view name) {
  if (IsPlain(name) && !IsReserved(std::string(name))) return std::string(name);
  return Enclose(name, '"');
}

std::string QuoteLiteral(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return Enclose(text, '\'');
  std::string doubled;
  for (const char c : text) {
    if (c == '\\') doubled.push_back('\\');
    doubled.push_back(c);
  }
  return "E" + Enclose(doubled, '\'');
}

}  // namespace pgbraid::sql
