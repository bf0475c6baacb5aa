// A text with all that can be known of its route before its values are known:
// what the statement cache keeps.
//
//   text --(sql/)--> Query --(shard map)--> RoutedQuery --(values)--> Plan
//
// Immutable after Make; shared by the sessions of one reactor.
#ifndef PGBRAID_ROUTER_ROUTED_QUERY_H_
#define PGBRAID_ROUTER_ROUTED_QUERY_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "router/pruner.h"
#include "sql/catalog.h"
#include "sql/hints.h"
#include "sql/statement.h"
#include "topology/shard_map.h"

namespace pgbraid::router {

// The rows of an INSERT ... VALUES into a table with a key.
struct InsertRoute {
  const topology::TableDistribution* table = nullptr;
  // For each row the operands of the key columns, in the key's order.
  std::vector<std::vector<const sql::Operand*>> rows;
};

// One statement's route, as far as its text decides it.
struct StatementRoute {
  enum class Kind : uint8_t {
    kAnyShard,
    kFixed,    // `shard`
    kByKey,    // `pruners` and `insert` decide
    kRefused,  // `refusal`
  };
  Kind kind = Kind::kAnyShard;
  int shard = -1;
  std::vector<Pruner> pruners;
  std::optional<InsertRoute> insert;
  // With several shards left: scattered if true, else refused for the reason.
  bool scatters = false;
  std::string several_reason;
  Status refusal;
  bool standby = false;  // proven to be safe there
  bool exports_snapshot = false;
  std::string reason;  // for EXPLAIN (ROUTE)
};

class RoutedQuery {
 public:
  // `catalog` may be null (nothing is proven then); `map` is kept. A hint that
  // names a shard decides over everything else.
  static std::shared_ptr<const RoutedQuery> Make(
      sql::Query query, std::string_view text,
      std::shared_ptr<const topology::ShardMap> map,
      const sql::Catalog* catalog, const sql::Hint& hint);

  const sql::Query& query() const { return query_; }
  const std::vector<sql::Statement>& statements() const {
    return query_.statements;
  }
  const std::vector<StatementRoute>& routes() const { return routes_; }
  const topology::ShardMap& map() const { return *map_; }
  const std::vector<bool>& used_once() const { return used_once_; }
  const sql::Hint& hint() const { return hint_; }

  // The only statement, or null if there are several.
  const sql::Statement* single() const {
    return query_.statements.size() == 1 ? &query_.statements[0] : nullptr;
  }
  // A statement of it sets, or may set, a custom setting of a known name.
  bool names_custom_settings() const { return names_custom_settings_; }
  // Some statement is LISTEN.
  bool listens() const { return listens_; }
  // Some statement asks which channels its session listens to, or may change
  // that unseen.
  bool reads_channels() const { return reads_channels_; }
  // Some statement may end a LISTEN unseen.
  bool unlistens() const { return unlistens_; }

  // Rough bytes on the heap, for the cache's bound.
  size_t HeapBytes() const;

 private:
  RoutedQuery() = default;

  sql::Query query_;
  std::shared_ptr<const topology::ShardMap> map_;
  sql::Hint hint_;
  std::vector<StatementRoute> routes_;
  std::vector<bool> used_once_;
  bool names_custom_settings_ = false;
  bool listens_ = false;
  bool reads_channels_ = false;
  bool unlistens_ = false;
};

// The route of one statement (exposed for tests). `statement` and `map` must
// outlive the result.
StatementRoute MakeStatementRoute(const sql::Statement& statement,
                                  const topology::ShardMap& map,
                                  const sql::Catalog* catalog,
                                  std::string_view parse_error = {});

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_ROUTED_QUERY_H_
