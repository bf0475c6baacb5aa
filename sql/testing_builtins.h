// A part of PostgreSQL 15's own functions, operators and types, for catalogs
// made by hand in tests.
#ifndef PGBRAID_SQL_TESTING_BUILTINS_H_
#define PGBRAID_SQL_TESTING_BUILTINS_H_

#include <string_view>

#include "sql/catalog.h"

namespace pgbraid::sql {

void AddBuiltins(Catalog::Builder& builder);

// 0 if it is not among them.
Oid BuiltinTypeOid(std::string_view name);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_TESTING_BUILTINS_H_
