// Comparing a word of a text with a keyword. Pure; any thread.
#ifndef PGBRAID_SQL_KEYWORD_H_
#define PGBRAID_SQL_KEYWORD_H_

#include <cstddef>
#include <string_view>

namespace pgbraid::sql {

// True if `word` is `keyword` (lower case, letters) in any case of letters.
inline bool IsKeyword(std::string_view word, std::string_view keyword) {
  if (word.size() != keyword.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if ((word[i] | 0x20) != keyword[i]) return false;
  }
  return true;
}

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_KEYWORD_H_
