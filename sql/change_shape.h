// The columns and values that INSERT, UPDATE, MERGE and COPY write. Internal to
// the analysis.
#ifndef PGBRAID_SQL_CHANGE_SHAPE_H_
#define PGBRAID_SQL_CHANGE_SHAPE_H_

#include <string>
#include <vector>

#include "sql/findings.h"
#include "sql/parse_tree.h"
#include "sql/statement.h"

namespace pgbraid::sql {

InsertShape ShapeOfInsert(const PgQuery__InsertStmt& insert,
                          const Source& source);

// The columns that UPDATE and MERGE's WHEN MATCHED set.
std::vector<std::string> UpdatedColumns(const PgQuery__UpdateStmt& update);
std::vector<std::string> UpdatedColumns(const PgQuery__MergeStmt& merge);

// The columns that COPY names, or those of the table that it copies.
std::vector<std::string> CopiedColumns(const PgQuery__CopyStmt& copy,
                                       const Source& source);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_CHANGE_SHAPE_H_
