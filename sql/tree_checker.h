// What a tree does by the functions, operators, types and clauses in it, at any
// depth: is it safe on a standby, does it pin, does it taint. Internal to the
// analysis.
#ifndef PGBRAID_SQL_TREE_CHECKER_H_
#define PGBRAID_SQL_TREE_CHECKER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "sql/catalog.h"
#include "sql/findings.h"
#include "sql/name_trust.h"
#include "sql/parse_tree.h"

namespace pgbraid::sql {

class TreeChecker {
 public:
  // `relations`: every relation and view that the tree names.
  TreeChecker(const Source& source,
              const std::vector<const Relation*>& relations, Findings& findings)
      : source_(source), relations_(relations), findings_(findings) {}

  // Looks at the tree once.
  void Check(const tree::Message* root);

 private:
  void FindTouchedTypes(const tree::Message* root);
  void TouchColumn(const Column& column);
  void CheckMessage(const tree::Message& message);
  void CheckClause(const tree::Message& message);
  void CheckCall(const PgQuery__FuncCall& call);
  void CheckBuiltInCall(const PgQuery__FuncCall& call, std::string_view name,
                        const std::vector<const Function*>& overloads);
  void CheckUserCall(const Function& function);
  void CheckSequenceName(const PgQuery__FuncCall& call);
  void CheckSetConfig(const PgQuery__FuncCall& call);
  bool IsSessionSetting(const PgQuery__FuncCall& call);
  void CheckExpression(const PgQuery__AExpr& expr);
  void CheckOperator(std::string_view schema, std::string_view name);
  void CheckTypeName(const PgQuery__TypeName& name);
  void CheckType(const Type& type, std::string_view name);
  void CheckColumnRef(const PgQuery__ColumnRef& reference);
  void CheckFieldName(std::string_view name);
  bool IsListed(const absl::flat_hash_set<std::string>& list,
                const Function& function) const;

  const Source& source_;
  const std::vector<const Relation*>& relations_;
  Findings& findings_;
  TouchedTypes touched_;
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_TREE_CHECKER_H_
