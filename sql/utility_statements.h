// Statements other than queries: what they are, from their trees alone.
// Internal to the analysis.
#ifndef PGBRAID_SQL_UTILITY_STATEMENTS_H_
#define PGBRAID_SQL_UTILITY_STATEMENTS_H_

#include "sql/findings.h"
#include "sql/parse_tree.h"
#include "sql/statement.h"

namespace pgbraid::sql {

// Fills in kind, name and what else the statement says of itself, and reports
// what it does to `findings`. Whatever it does not know is Kind::kOther.
void AnalyzeUtility(const tree::Node* node, const Source& source,
                    Statement& statement, Findings& findings);

// BEGIN, COMMIT, SAVEPOINT and their kin.
void AnalyzeTransaction(const PgQuery__TransactionStmt& transaction,
                        Statement& statement, Findings& findings);

// The options of BEGIN and SET TRANSACTION.
void AnalyzeTransactionModes(tree::Nodes options, Statement& statement);

// SET and RESET in all their forms. `text` is the statement's own.
void AnalyzeSet(const PgQuery__VariableSetStmt& set, const Source& source,
                Statement& statement, Findings& findings);

// SELECT set_config(...), where nothing but the settings matters: fills in
// Statement::settings. Any other set_config taints.
void AnalyzeSetConfig(const PgQuery__SelectStmt& select, Statement& statement,
                      Findings& findings);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_UTILITY_STATEMENTS_H_
