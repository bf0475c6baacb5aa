// Whether the answers of several shards to a SELECT can simply stand one after
// the other. Internal to the analysis.
#ifndef PGBRAID_SQL_CONCATENABLE_H_
#define PGBRAID_SQL_CONCATENABLE_H_

#include <string>

#include "sql/findings.h"
#include "sql/parse_tree.h"

namespace pgbraid::sql {

// Empty if so: a SELECT of columns and constants from one relation, with at
// most a WHERE without subqueries, of which every function and operator gives
// the same on every host. Else the reason, as a phrase ("ORDER BY").
std::string WhyNotConcatenable(const PgQuery__SelectStmt& select,
                               const Source& source, const Findings& findings);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_CONCATENABLE_H_
