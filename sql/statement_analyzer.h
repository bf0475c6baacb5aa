// One statement of a text, from its tree. Internal to the analysis.
#ifndef PGBRAID_SQL_STATEMENT_ANALYZER_H_
#define PGBRAID_SQL_STATEMENT_ANALYZER_H_

#include <cstdint>

#include "sql/findings.h"
#include "sql/parse_tree.h"
#include "sql/statement.h"

namespace pgbraid::sql {

// The statement in bytes [begin, end) of source.text. Sets `by_text` if the
// result depends on the values of its literals.
Statement AnalyzeStatement(const tree::Node* node, uint32_t begin, uint32_t end,
                           const Source& source, bool& by_text);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_STATEMENT_ANALYZER_H_
