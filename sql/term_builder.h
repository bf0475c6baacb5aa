// Expressions as terms. Internal to the analysis.
#ifndef PGBRAID_SQL_TERM_BUILDER_H_
#define PGBRAID_SQL_TERM_BUILDER_H_

#include "sql/facts.h"

namespace pgbraid::sql {

// A term that holds whenever `expression` is true (`negated`: false). Where
// nothing follows, kUnknown.
Term BuildTerm(const tree::Node* expression, bool negated, const Place& place);

// The two columns that `expression` sets equal with PostgreSQL's own operator,
// or two empty variables.
std::pair<Variable, Variable> EqualColumns(const tree::Node* expression,
                                           const Place& place);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_TERM_BUILDER_H_
