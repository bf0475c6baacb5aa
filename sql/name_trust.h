// Whether an operator, a function or a cast that a text names can only mean one
// that PostgreSQL itself brings, whatever the operands turn out to be.
// Internal to the analysis.
//
// PostgreSQL picks among all visible candidates of a name by the operands'
// types. Types are not inferred here. Instead: a user's candidate is out of the
// question if one of its operands is of a type of the user's that no value in
// the statement can have ("touched" types) and that nothing is converted to
// implicitly.
#ifndef PGBRAID_SQL_NAME_TRUST_H_
#define PGBRAID_SQL_NAME_TRUST_H_

#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "sql/findings.h"

namespace pgbraid::sql {

// Types made by users that values in a statement may have.
using TouchedTypes = absl::flat_hash_set<Oid>;

// The operator, schema empty if it is not qualified.
bool OperatorIsBuiltIn(std::string_view schema, std::string_view name,
                       const Source& source, const TouchedTypes& touched);

// A user's function that a call with `argument_count` arguments may mean, or
// null.
const Function* UserOverload(const std::vector<const Function*>& overloads,
                             size_t argument_count);

// False if converting some value of the statement to `target` may run a user's
// cast function. `target` 0: any type, implicitly, where all operators and
// functions are PostgreSQL's own.
bool CastsAreBuiltIn(Oid target, const Source& source,
                     const TouchedTypes& touched);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_NAME_TRUST_H_
