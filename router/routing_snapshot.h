// What routing knows of one database at one time: the shard map with the types
// of its keys, and each shard's catalogs.
//
// Immutable and shared by all threads; a change makes a new snapshot, which is
// handed to each reactor as a message.
#ifndef PGBRAID_ROUTER_ROUTING_SNAPSHOT_H_
#define PGBRAID_ROUTER_ROUTING_SNAPSHOT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "pool/freshness.h"
#include "sql/catalog.h"
#include "topology/shard_map.h"

namespace pgbraid::router {

struct RoutingSnapshot {
  uint64_t epoch = 0;  // grows with each snapshot of the process
  std::shared_ptr<const topology::ShardMap> map;
  // One for each shard; null while it could not be read.
  std::vector<std::shared_ptr<const sql::Catalog>> catalogs;
  // One for each shard: what a standby has to show before it shows these
  // catalogs.
  std::vector<pool::FreshnessFloor> shown_by;
  // All marks up to this one (SnapshotSource::Marks()) are shown, of every
  // shard; 0: not all catalogs have been read.
  uint64_t covers = 0;
};

using RoutingSnapshotRef = std::shared_ptr<const RoutingSnapshot>;

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_ROUTING_SNAPSHOT_H_
