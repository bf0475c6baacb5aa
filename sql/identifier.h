// Names and strings as SQL text. Pure; any thread.
#ifndef PGBRAID_SQL_IDENTIFIER_H_
#define PGBRAID_SQL_IDENTIFIER_H_

#include <string>
#include <string_view>

namespace pgbraid::sql {

// As PostgreSQL's quote_identifier: in double quotes unless it is lower case
// letters, digits and '_' only and no keyword that needs them.
std::string QuoteIdentifier(std::string_view name);

// 'text', with quotes doubled; with a backslash in it E'text', so that
// standard_conforming_strings does not matter.
std::string QuoteLiteral(std::string_view text);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_IDENTIFIER_H_
