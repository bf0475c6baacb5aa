// Keeps the newest snapshot of the system catalogs of each (shard, database),
// for routing: reads it when a database is first wanted, looks for DDL that
// came another way every poll_interval, and at once when a reactor has seen DDL
// pass through. One thread a shard (libpqxx blocks), and one idle server
// connection for each (shard, database).
//
// Owned by the composition root, which stops it before whatever `source_for`
// and `publish` refer to. Everything but construction, Start and Stop may be
// called from any thread; nothing but WaitForFirst and Stop blocks for longer
// than a lock is held.
#ifndef PGBRAID_POOL_CATALOG_SERVICE_H_
#define PGBRAID_POOL_CATALOG_SERVICE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "pool/catalog_loader.h"
#include "pool/catalog_watcher.h"
#include "sql/catalog.h"

namespace pgbraid::pool {

class CatalogService {
 public:
  // Shards are numbered from 0 to shard_count - 1.
  //
  // `source_for` should name the shard's primary: a standby's catalogs lag, so
  // that DDL which just passed through may be missing in them. It is asked
  // before every look; when its answer changes, the connection is replaced.
  //
  // `publish` gets every new snapshot of a database, and the last one again for
  // a MarkStale() that found nothing new. Epochs grow from one new snapshot to
  // the next over all databases. Both are called on the service's threads,
  // several of them at a time (one a shard), never after Stop() has returned;
  // they must not block.
  CatalogService(int shard_count, CatalogServiceOptions options,
                 CatalogSourceFor source_for, PublishCatalog publish);
  ~CatalogService();  // Stop()

  // Once.
  void Start();

  // Ends the threads, within 0.1 s whatever the servers do (the resolver's
  // time-outs come on top where hosts are given by names).
  void Stop();

  // Keeps `database` of that shard from now on; nothing new if it is kept
  // already. 53400 past max_databases.
  Status Want(int shard, const std::string& database);

  // Says that DDL was committed there: look now. Marks that come while a look
  // is under way are answered by one more after it; while the server fails,
  // by the next retry. Returns the mark, from 1, that CatalogUpdate::answers
  // will reach or pass with a snapshot that shows that DDL (if `source_for`
  // names the primary); 0 if the database can't be kept (see Want).
  uint64_t MarkStale(int shard, const std::string& database);

  // The newest snapshot, or null. It stays when the server fails; LastError()
  // tells.
  std::shared_ptr<const sql::Catalog> Current(
      int shard, const std::string& database) const;
  // The same with its details, for the check of the shard map.
  std::optional<LoadedCatalog> CurrentLoaded(int shard,
                                             const std::string& database) const;

  // What the last look came to; 57P03 before the first.
  Status LastError(int shard, const std::string& database) const;

  // Blocks until a snapshot of every database wanted so far has been published
  // (its callback has returned). Past the
  // deadline, or when stopped, the last error of one that has none.
  Status WaitForFirst(TimePoint deadline) const;

 private:
  CatalogWatcher& Watcher(int shard) const;

  // Constant after construction.
  const CatalogServiceOptions options_;

  std::atomic<uint64_t> next_epoch_{1};
  std::atomic<uint64_t> next_mark_{1};

  // Constant after construction.
  std::vector<std::unique_ptr<CatalogWatcher>> watchers_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_CATALOG_SERVICE_H_
