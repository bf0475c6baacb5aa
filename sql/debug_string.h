// A Query as a short readable text, for tests, logs and EXPLAIN (ROUTE).
// Pure; any thread.
//
//   statement  = kind { " " flag } { " " part }
//   flag       = "standby" | "writes" | "taints" | "ddl" | "unpins" | "system"
//              | "concat" | "unknown" | "pin:" reason
//   part       = access ":" relation [ "{" condition "}" ] | ...
//   condition  = "id=1" | "id in (1,2)" | "a and b" | "(a or b)" | "never" ...
//   operand    = "#" slot | "-#" slot | "$" number, with "::type" behind it
#ifndef PGBRAID_SQL_DEBUG_STRING_H_
#define PGBRAID_SQL_DEBUG_STRING_H_

#include <string>
#include <string_view>

#include "sql/statement.h"

namespace pgbraid::sql {

std::string_view KindName(Kind kind);
std::string_view AccessName(Access access);
std::string_view PinName(Pin pin);

std::string DebugString(const Operand& operand);
std::string DebugString(const Condition& condition);
std::string DebugString(const RelationRef& relation);
std::string DebugString(const Statement& statement);
// Its statements, "; " between them; " by_text" at the end where it is set.
std::string DebugString(const Query& query);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_DEBUG_STRING_H_
