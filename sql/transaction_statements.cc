// The transaction control part of utility_statements.h.
#include <optional>
#include <string>

#include "sql/utility_statements.h"

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Node;

std::string_view ConstantText(const Node* node) {
  const auto* constant = As<PgQuery__AConst>(node);
  return constant != nullptr &&
                 constant->val_case == PG_QUERY__A__CONST__VAL_SVAL
             ? std::string_view(constant->sval->sval)
             : std::string_view();
}

bool ConstantTrue(const Node* node) {
  const auto* constant = As<PgQuery__AConst>(node);
  return constant != nullptr &&
         constant->val_case == PG_QUERY__A__CONST__VAL_IVAL &&
         constant->ival->ival != 0;
}

Statement::Isolation IsolationOf(std::string_view name) {
  if (name == "serializable") return Statement::Isolation::kSerializable;
  if (name == "repeatable read") return Statement::Isolation::kRepeatableRead;
  if (name == "read uncommitted") {
    return Statement::Isolation::kReadUncommitted;
  }
  return Statement::Isolation::kReadCommitted;
}

std::optional<Kind> KindOf(PgQuery__TransactionStmtKind kind) {
  switch (kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
      return Kind::kBegin;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
      return Kind::kCommit;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
      return Kind::kRollback;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT:
      return Kind::kSavepoint;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE:
      return Kind::kRelease;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
      return Kind::kRollbackTo;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE:
      return Kind::kPrepareTransaction;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED:
      return Kind::kCommitPrepared;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_PREPARED:
      return Kind::kRollbackPrepared;
    default:
      return std::nullopt;
  }
}

}  // namespace

void AnalyzeTransactionModes(tree::Nodes options, Statement& statement) {
  for (const Node* node : options) {
    const auto* option = As<PgQuery__DefElem>(node);
    if (option == nullptr) continue;
    const std::string_view name = option->defname;
    if (name == "transaction_isolation") {
      statement.isolation = IsolationOf(ConstantText(option->arg));
    } else if (name == "transaction_read_only") {
      statement.read_only = ConstantTrue(option->arg);
      statement.read_write = !statement.read_only;
    }
  }
}

void AnalyzeTransaction(const PgQuery__TransactionStmt& transaction,
                        Statement& statement, Findings& findings) {
  const std::optional<Kind> kind = KindOf(transaction.kind);
  if (!kind) {
    findings.MayWrite("is not known");
    return;
  }
  statement.kind = *kind;
  statement.chain = transaction.chain;
  AnalyzeTransactionModes(PGBRAID_NODES(transaction, options), statement);
  const bool named_by_string = *kind == Kind::kPrepareTransaction ||
                               *kind == Kind::kCommitPrepared ||
                               *kind == Kind::kRollbackPrepared;
  statement.name =
      named_by_string ? transaction.gid : transaction.savepoint_name;
  findings.by_text |= named_by_string;
  if (named_by_string) {
    findings.MayWrite("two-phase commit");
  } else {
    findings.NeedPrimary("belongs to its transaction");
  }
}

}  // namespace pgbraid::sql
