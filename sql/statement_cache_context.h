// What an analysed statement depends on besides its text, as one number.
//
// The parts are strings and epochs; comparing them for each query would cost
// more than all the rest, so a session interns them when one of them changes
// and keeps the number.
#ifndef PGBRAID_SQL_STATEMENT_CACHE_CONTEXT_H_
#define PGBRAID_SQL_STATEMENT_CACHE_CONTEXT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "sql/lexer_modes.h"

namespace pgbraid::sql {

struct StatementCacheContextParts {
  std::string database;
  std::string role;
  std::string search_path;
  // Any further settings that change how a text is read, in one canonical form
  // of the caller's.
  std::string settings;
  uint64_t catalog_epoch = 0;
  uint64_t shard_map_epoch = 0;
  LexerModes modes;
  bool hints_allowed = false;
};

// Equal exactly if made from equal parts by the same interner. 0: none.
struct StatementCacheContext {
  uint64_t id = 0;

  friend bool operator==(StatementCacheContext,
                         StatementCacheContext) = default;
};

// Gives numbers to parts. One reactor's own, like the cache that uses them.
class StatementCacheContextInterner {
 public:
  // Knows at most `limit` different parts (at least 1).
  explicit StatementCacheContextInterner(size_t limit = 4096);

  // The number of these parts. Past the limit all are forgotten and get new
  // numbers: a number is never given twice, so what was cached under an old one
  // is merely not found any more.
  StatementCacheContext Intern(const StatementCacheContextParts& parts);

  size_t size() const { return ids_.size(); }

 private:
  struct Less {
    bool operator()(const StatementCacheContextParts& a,
                    const StatementCacheContextParts& b) const;
  };

  const size_t limit_;
  std::map<StatementCacheContextParts, uint64_t, Less> ids_;
  uint64_t last_id_ = 0;
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_STATEMENT_CACHE_CONTEXT_H_
