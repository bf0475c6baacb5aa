// Turns the catalogs that the catalog service reads into routing snapshots: the
// shard map bound to the types of its keys, with each shard's catalogs.
//
// Owned by the router; safe from any thread. Publishing runs on the catalog
// service's threads.
#ifndef PGBRAID_ROUTER_SNAPSHOT_SERVICE_H_
#define PGBRAID_ROUTER_SNAPSHOT_SERVICE_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "pool/catalog_service.h"
#include "router/snapshot_source.h"
#include "topology/finding.h"
#include "topology/shard_map.h"

namespace pgbraid::router {

class SnapshotService : public SnapshotSource {
 public:
  // Called with each new snapshot, on a thread of the catalog service.
  using OnSnapshot =
      std::function<void(const std::string& database, RoutingSnapshotRef)>;

  SnapshotService(std::shared_ptr<const topology::ShardMap> map,
                  pool::CatalogServiceOptions options,
                  pool::CatalogSourceFor source_for, OnSnapshot on_snapshot);
  ~SnapshotService() override;

  void Start();
  void Stop();

  RoutingSnapshotRef Current(const std::string& database) override;
  void MarkStale(const std::string& database, int shard) override;
  std::atomic<uint64_t>* Changes(const std::string& database) override;
  const std::atomic<uint64_t>* Marks(const std::string& database) override;

  // What the check of the map against the catalogs found last; empty before
  // all shards have been read.
  std::vector<topology::Finding> Findings(const std::string& database);

  // Blocks until the catalogs of `database` have been read from every shard, or
  // gives the error of one that could not be read by `deadline`.
  Status WaitForFirst(const std::string& database, TimePoint deadline);

 private:
  struct Database {
    RoutingSnapshotRef snapshot;
    std::vector<topology::Finding> findings;
    // A mark that no snapshot covers yet: its number, and the shard's catalog
    // service's own for it.
    struct Mark {
      uint64_t number = 0;
      int shard = 0;
      uint64_t mark = 0;
    };
    std::deque<Mark> pending;        // oldest first
    std::vector<uint64_t> answered;  // per shard: the last of its own answered
    std::atomic<uint64_t> changes{1};
    std::atomic<uint64_t> marks{1};
  };

  std::string ServerDatabase(int shard, const std::string& database) const;
  Database& Find(const std::string& database)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnUpdate(const pool::CatalogUpdate& update);
  // Makes the snapshot of the catalogs as they are now.
  void Rebuild(const std::string& name, Database* database)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<const topology::ShardMap> map_;
  const OnSnapshot on_snapshot_;
  absl::Mutex mutex_;
  // By the name that clients use. Entries are never removed.
  std::map<std::string, std::unique_ptr<Database>> databases_
      ABSL_GUARDED_BY(mutex_);
  uint64_t last_epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  pool::CatalogService catalogs_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_SNAPSHOT_SERVICE_H_
