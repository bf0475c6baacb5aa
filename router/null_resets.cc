#include "router/null_resets.h"

#include <string>

#include "sql/identifier.h"

namespace pgbraid::router {

std::shared_ptr<const Translation> WithStartupValues(
    std::string_view text, const sql::Query& query,
    const pool::Environment& startup, bool utf8) {
  constexpr size_t kNull = 4;  // bytes of the word
  std::shared_ptr<Translation> made;
  size_t done = 0;
  for (const sql::Statement& statement : query.statements) {
    for (const sql::SettingChange& change : statement.settings) {
      const size_t at = change.null_at;
      const pool::Setting* setting =
          at == 0 || at < done || at + kNull > text.size()
              ? nullptr
              : startup.Find(change.name);
      if (setting == nullptr) continue;
      if (made == nullptr) made = std::make_shared<Translation>();
      const std::string value = sql::QuoteLiteral(setting->value);
      made->text.append(text.substr(done, at - done)).append(value);
      done = at + kNull;
      made->ends.emplace_back(done, made->text.size());
      made->edits.edits.push_back({CountCharacters(text.substr(0, at), utf8),
                                   kNull, CountCharacters(value, utf8)});
    }
  }
  if (made == nullptr) return nullptr;
  made->text.append(text.substr(done));
  made->executed.resize(query.statements.size());
  return made;
}

}  // namespace pgbraid::router
