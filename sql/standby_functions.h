// What is known of PostgreSQL's own functions beyond what pg_proc says of them:
// a list made by hand over pg_proc of PostgreSQL 15.
//
// Pure; any thread.
#ifndef PGBRAID_SQL_STANDBY_FUNCTIONS_H_
#define PGBRAID_SQL_STANDBY_FUNCTIONS_H_

#include <string_view>

#include "sql/catalog_values.h"
#include "sql/statement.h"

namespace pgbraid::sql {

// `function` is built in. A standby whose data is fresh enough answers it as
// the primary would, and it changes nothing. Immutable functions are unless
// listed otherwise; stable and volatile ones only if listed: those that read
// the catalogs, statistics, sizes, transaction ids or what the server is doing
// are not.
bool RunsOnStandby(const Function& function);

// A volatile one changes nothing all the same (currval, pg_is_in_recovery).
bool OnlyReads(const Function& function);

// Gives the same result on every host for the same arguments and settings of
// the session. now() and random() do not.
bool IsSameOnAllHosts(const Function& function);

// Runs SQL that it is given, or reads tables that it is told of by name.
bool ReachesRelations(std::string_view name);

// Names a sequence by its first argument: nextval, currval, setval.
bool NamesSequence(std::string_view name);

// Why a connection stays with its client after a call, or kNone.
Pin PinOf(std::string_view name);

// A call may end such a reason.
bool Unpins(std::string_view name);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_STANDBY_FUNCTIONS_H_
