// Looks at one tree in full: the relations it reaches with their conditions,
// and what it does. Internal to the analysis.
#ifndef PGBRAID_SQL_EXAMINE_H_
#define PGBRAID_SQL_EXAMINE_H_

#include <string_view>

#include "sql/findings.h"
#include "sql/parse_tree.h"

namespace pgbraid::sql {

// A SELECT, INSERT, UPDATE, DELETE or MERGE. `access`: what it does to the
// relations that it reads.
void ExamineQuery(const tree::Node* query, const Source& source, Access access,
                  Findings& findings);

// A relation that stands alone, as a RangeVar: COPY t.
void ExamineRelation(const tree::Node* relation, const Source& source,
                     Access access, Findings& findings);

// An expression outside of any query: EXECUTE's arguments, COPY's WHERE.
void ExamineExpression(const tree::Node* expression, const Source& source,
                       Findings& findings);

// The query of a view, as the catalog has it. `source` is that of the text that
// names the view.
void ExamineView(const Relation& view, const Source& source, Access access,
                 Findings& findings);

// An expression that the catalog keeps for a relation: a policy, a default.
void ExamineStored(std::string_view expression, const Source& source,
                   Findings& findings);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_EXAMINE_H_
