// From catalog snapshots to what the check of the shard map (topology/
// map_check.h) takes.
//
// Pure functions; any thread.
#ifndef PGBRAID_POOL_MAP_CHECK_INPUT_H_
#define PGBRAID_POOL_MAP_CHECK_INPUT_H_

#include <span>
#include <vector>

#include "pool/catalog_loader.h"
#include "topology/catalog_facts.h"
#include "topology/shard_map.h"

namespace pgbraid::pool {

// What there is to say of one shard: the map's tables that exist there, and
// those others that have foreign keys.
//
// A listed table answers for everything below it by partitioning or
// inheritance as well, since its rows are stored there: their unique and
// exclusion constraints, foreign keys and triggers stand with the listed table,
// under the name "partition.constraint" unless the listed table has the same
// one itself. A foreign key to a partition of a listed table counts as one to
// that table. Expression columns of unique indexes are left out, so that an
// index made of nothing else has no columns.
topology::ShardFacts FactsOf(const topology::ShardMap& map,
                             const LoadedCatalog& loaded);

// The same for all shards, in the map's order: the input of CheckMap.
std::vector<topology::ShardFacts> MapCheckInput(
    const topology::ShardMap& map, std::span<const LoadedCatalog> shards);

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_MAP_CHECK_INPUT_H_
