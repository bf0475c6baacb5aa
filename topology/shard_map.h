// The shards, their hosts, and how the tables are split over them: what
// --shards and --tables say. The grammar stands in shards_parser.h and
// tables_parser.h.
//
// Immutable: a change (RELOAD, types read anew after DDL) makes a new map with
// a higher epoch, and readers hold theirs by std::shared_ptr<const ShardMap>.
// Any thread.
#ifndef PGBRAID_TOPOLOGY_SHARD_MAP_H_
#define PGBRAID_TOPOLOGY_SHARD_MAP_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "topology/distribution.h"
#include "topology/key_type.h"
#include "topology/shard.h"
#include "topology/shard_set.h"

namespace pgbraid::topology {

// The types that the catalogs report for one table's key.
struct TableKeyColumns {
  std::string schema;
  std::string name;
  std::vector<KeyColumn> columns;  // in the order of key_columns()
};

class ShardMap {
 public:
  // 22023 with all findings, one a line, each naming the flag, the place in it
  // (character from 1, and the piece) and what was expected. `tables` may be
  // empty. No table is bound yet.
  static StatusOr<ShardMap> Parse(std::string_view shards,
                                  std::string_view tables, uint64_t epoch = 1);

  // A map with the same text where exactly these tables are bound (see
  // TableDistribution::Bind) and the others that have keys are not. Tables
  // that the map does not have are passed over. 22023 with all findings.
  StatusOr<ShardMap> Bind(std::span<const TableKeyColumns> tables,
                          uint64_t epoch) const;

  // In the order of --shards, which numbers them. At least one.
  const std::vector<Shard>& shards() const { return shards_; }
  int shard_count() const { return static_cast<int>(shards_.size()); }
  // The number of the shard with this name.
  std::optional<int> FindShard(std::string_view name) const;

  // By schema and name; all that --tables lists.
  const std::vector<TableDistribution>& tables() const { return tables_; }
  // Null if --tables does not list it: its rows are then on UnlistedShard().
  // Valid as long as the map is.
  const TableDistribution* FindTable(std::string_view schema,
                                     std::string_view name) const;
  int UnlistedShard() const { return 0; }
  ShardSet AllShards() const { return ShardSet::All(shard_count()); }

  uint64_t epoch() const { return epoch_; }

 private:
  ShardMap(std::vector<Shard> shards, std::vector<TableDistribution> tables,
           uint64_t epoch);

  std::vector<Shard> shards_;
  std::vector<TableDistribution> tables_;  // sorted by (schema, name)
  uint64_t epoch_ = 1;
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_SHARD_MAP_H_
