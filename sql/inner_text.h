// Where the statement inside of another one stands. Internal to the analysis.
#ifndef PGBRAID_SQL_INNER_TEXT_H_
#define PGBRAID_SQL_INNER_TEXT_H_

#include <cstdint>
#include <string_view>

namespace pgbraid::sql {

// The byte at which the statement inside of `statement` begins, relative to it:
// EXPLAIN [(options)] inner, EXPLAIN [ANALYZE] [VERBOSE] inner.
uint32_t InnerOfExplain(std::string_view statement);

// ... after the first `keyword` ("as", "for", lower case) outside of brackets:
// PREPARE name (types) AS inner, DECLARE name CURSOR FOR inner.
uint32_t InnerAfter(std::string_view keyword, std::string_view statement);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_INNER_TEXT_H_
