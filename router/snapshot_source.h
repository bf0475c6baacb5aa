// What workers ask of the process: the catalogs of a database. Implemented by
// SnapshotService; any thread.
#ifndef PGBRAID_ROUTER_SNAPSHOT_SOURCE_H_
#define PGBRAID_ROUTER_SNAPSHOT_SOURCE_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "router/routing_snapshot.h"

namespace pgbraid::router {

class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;

  // The newest snapshot of the database, never null: one without catalogs as
  // long as they have not been read. Has them read if nobody has asked yet.
  virtual RoutingSnapshotRef Current(const std::string& database) = 0;

  // A transaction on this shard has changed the catalogs, or may have; counts
  // as a change.
  virtual void MarkStale(const std::string& database, int shard) = 0;

  // Counts the changes of the database's catalogs that are known here: of any
  // session, whether committed yet or not. Lives as long as the source.
  virtual std::atomic<uint64_t>* Changes(const std::string& database) = 0;

  // The number of the last mark made by MarkStale(), on any shard, from 1 on: a
  // snapshot that covers it shows all DDL that has passed through by now. Lives
  // as long as the source.
  virtual const std::atomic<uint64_t>* Marks(const std::string& database) = 0;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_SNAPSHOT_SOURCE_H_
