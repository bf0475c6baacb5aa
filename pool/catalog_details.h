// What the check of the shard map wants to know of a database beyond
// sql/catalog.h, which holds what routing needs. Read in the same transaction.
//
// Immutable once loaded; any thread.
#ifndef PGBRAID_POOL_CATALOG_DETAILS_H_
#define PGBRAID_POOL_CATALOG_DETAILS_H_

#include <pqxx/result>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "sql/statement.h"
#include "topology/catalog_facts.h"

namespace pgbraid::pool {

struct RelationDetails {
  // Columns whose collation orders text by its bytes (C, POSIX).
  std::vector<std::string> byte_order_columns;
  // The user's triggers and rules that are enabled, by name.
  std::vector<topology::TriggerFacts> triggers;
  // Exclusion constraints, with the columns that they compare by "=".
  std::vector<topology::UniqueFacts> exclusions;
};

class CatalogDetails {
 public:
  // An empty one for a relation without any.
  const RelationDetails& Of(sql::Oid relation) const;

  // To be filled, made if there is none.
  RelationDetails& At(sql::Oid relation) { return by_relation_[relation]; }

  // For the loader: the results of catalog_queries.h, once each.
  void AddByteOrder(const pqxx::result& result);
  void AddTriggers(const pqxx::result& result);
  void AddExclusions(const pqxx::result& result);

 private:
  absl::flat_hash_map<sql::Oid, RelationDetails> by_relation_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_CATALOG_DETAILS_H_
