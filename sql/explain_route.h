// EXPLAIN (ROUTE) stands before any statement, also before those that
// PostgreSQL's EXPLAIN does not take (TRUNCATE, COPY, BEGIN ...). Internal to
// the analysis. Pure; any thread.
#ifndef PGBRAID_SQL_EXPLAIN_ROUTE_H_
#define PGBRAID_SQL_EXPLAIN_ROUTE_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "sql/lexer_modes.h"

namespace pgbraid::sql {

// Bytes [begin, end) of the words at the start of a text.
struct ExplainRoutePrefix {
  size_t begin = 0;
  size_t end = 0;
};

// Where `EXPLAIN ( ROUTE )`, in any case of letters and with any white space
// and comments around its words, opens the text; nothing if another text.
std::optional<ExplainRoutePrefix> FindExplainRoute(std::string_view text,
                                                   LexerModes modes);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_EXPLAIN_ROUTE_H_
