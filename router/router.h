// The whole router: its workers, their threads, the listener, the catalogs.
//
// Made and run by main.cc. Start() and Stop() are for the thread that made it.
#ifndef PGBRAID_ROUTER_ROUTER_H_
#define PGBRAID_ROUTER_ROUTER_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/clock.h"
#include "net/listener.h"
#include "router/options.h"
#include "router/snapshot_service.h"
#include "router/worker.h"
#include "topology/shard_map.h"
#include "wire/random.h"

namespace pgbraid::router {

class Router {
 public:
  // `options.threads` is at most `options.pool_size`.
  Router(RouterOptions options, topology::ShardMap map,
         pool::Credentials credentials);
  ~Router();

  // Starts the threads, checks the shard map against the catalogs where the
  // shards can be reached within `check_timeout`, then listens. Errors: the map
  // does not fit the catalogs (22023, all findings); the address is taken
  // (08006).
  Status Start(Duration check_timeout);

  // Ends all threads. Clients are disconnected.
  void Stop();

  int port() const { return listener_->port(); }

 private:
  Status MakeWorkers();
  void AwaitPrimaries() const;
  Status Listen();
  Status CheckMap(Duration timeout);
  std::optional<pool::CatalogSource> CatalogSourceOf(
      int shard, const std::string& database);
  void Accept(int fd);

  const RouterOptions options_;
  const std::shared_ptr<const topology::ShardMap> map_;
  const pool::Credentials credentials_;
  ConnectionBudget replication_;
  SystemClock clock_;
  wire::SystemRandom random_;

  std::unique_ptr<SnapshotService> snapshots_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::unique_ptr<net::Listener> listener_;
  // Per shard: the host that the first worker holds for the primary, or -1.
  std::vector<std::atomic<int>> primaries_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_ROUTER_H_
