// Turns the results of catalog_queries.h into the rows of a snapshot. One
// object reads one database once: call the Add functions in the order in which
// they stand here (each may need what came before), then Build.
//
// One thread. No I/O.
#ifndef PGBRAID_POOL_CATALOG_ROWS_H_
#define PGBRAID_POOL_CATALOG_ROWS_H_

#include <cstdint>
#include <memory>
#include <pqxx/result>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "sql/catalog.h"

namespace pgbraid::pool {

class CatalogRows {
 public:
  void AddNamespaces(const pqxx::result& result);
  void AddTypes(const pqxx::result& result);
  void AddRelations(const pqxx::result& result);
  void AddColumns(const pqxx::result& result);
  void AddViews(const pqxx::result& result);
  void AddDefaults(const pqxx::result& result);
  void AddPolicies(const pqxx::result& result);
  void AddUniqueIndexes(const pqxx::result& result);
  void AddForeignKeys(const pqxx::result& result);
  void AddInheritance(const pqxx::result& result);
  void AddFunctions(const pqxx::result& result);
  void AddFunctionCodes(const pqxx::result& result);
  void AddCodeUses(const pqxx::result& result);
  void AddOperators(const pqxx::result& result);
  void AddCasts(const pqxx::result& result);
  void AddRoleSettings(const pqxx::result& result);

  // False if a view, default or policy could not be read for a lock.
  bool complete() const { return complete_; }

  // Leaves the object empty.
  std::shared_ptr<const sql::Catalog> Build(uint64_t epoch,
                                            std::string server_search_path);

 private:
  sql::Relation* FindRelation(sql::Oid oid);
  // "1 3" -> names of that relation's columns; 0 gives an empty name.
  static std::vector<std::string> ColumnNames(const sql::Relation& relation,
                                              std::string_view numbers);

  bool complete_ = true;
  std::vector<sql::Namespace> namespaces_;
  std::vector<sql::Type> types_;
  absl::flat_hash_map<sql::Oid, size_t> type_by_oid_;
  std::vector<sql::Relation> relations_;
  absl::flat_hash_map<sql::Oid, size_t> relation_by_oid_;
  std::vector<sql::Function> functions_;
  std::vector<sql::Operator> operators_;
  std::vector<sql::Cast> casts_;
  std::vector<sql::RoleSetting> settings_;
  std::vector<sql::FunctionCode> codes_;
  std::vector<sql::CodeUse> uses_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_CATALOG_ROWS_H_
