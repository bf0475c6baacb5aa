// The names of a session's temporary relations and types, as the server
// connection that keeps them has told. A text that has none of them means what
// it means in any other session: PostgreSQL looks into the temporary schema for
// relations and types alone.
//
// A value; owned by its session.
#ifndef PGBRAID_ROUTER_TEMPORARY_NAMES_H_
#define PGBRAID_ROUTER_TEMPORARY_NAMES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "sql/lexer_modes.h"

namespace pgbraid::router {

class TemporaryNames {
 public:
  // What the connection is asked, between two transactions.
  static const std::string& Question();

  // `rows` answer Question(). Not enough is known of more than kMost names, nor
  // of a temporary table that inherits from one that is not: then every text
  // may mean them.
  explicit TemporaryNames(
      const std::vector<std::vector<std::optional<std::string>>>& rows);
  // Nothing is known: the connection did not answer.
  TemporaryNames() : anything_(true) {}

  static constexpr size_t kMost = 1000;

  // Whether some identifier of `text`, written as the client sends it, may be
  // one of the names. Quoted, folded and cut as PostgreSQL does; what cannot be
  // told for sure may be one.
  bool MayMean(std::string_view text, sql::LexerModes modes) const;

 private:
  bool Has(std::string_view name) const;

  bool anything_ = false;
  absl::flat_hash_set<std::string> names_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_TEMPORARY_NAMES_H_
