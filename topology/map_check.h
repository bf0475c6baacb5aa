// Checks a shard map against the catalogs of all shards, and tells the types
// that its tables are bound with.
//
// Pure function; any thread.
#ifndef PGBRAID_TOPOLOGY_MAP_CHECK_H_
#define PGBRAID_TOPOLOGY_MAP_CHECK_H_

#include <span>
#include <vector>

#include "topology/catalog_facts.h"
#include "topology/finding.h"
#include "topology/shard_map.h"

namespace pgbraid::topology {

struct MapCheck {
  // All of them, in the order of the map's tables.
  std::vector<Finding> findings;
  // What ShardMap::Bind takes: the tables that exist and have no error.
  std::vector<TableKeyColumns> keys;

  bool ok() const {
    for (const Finding& finding : findings) {
      if (finding.is_error()) return false;
    }
    return true;
  }
};

// `facts` has one element for each shard of the map, in its order.
//
// Errors: a key column that is missing, differs between shards, or has a type
// that cannot be a key; values in the map that the type does not have; unique
// and exclusion constraints that do not contain the key; foreign keys that
// reach over shards.
// Warnings: a table that some shard does not have (it may be created through
// the router later); other columns that differ; serial and identity columns
// and generated key columns (INSERTs that rely on them are refused); triggers
// and rules (writes are refused). With a single shard only the key columns are
// checked.
MapCheck CheckMap(const ShardMap& map, std::span<const ShardFacts> facts);

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_MAP_CHECK_H_
