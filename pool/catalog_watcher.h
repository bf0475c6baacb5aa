// Keeps the newest catalog snapshot of every wanted database of one shard, on a
// thread of its own, so that a server that hangs holds up no other shard (it
// does hold up the other databases of its shard, by CatalogTimeouts at most).
//
// Each look at a database costs: CommitState() (0.1 ms) if nobody has written
// since the last one, else CatalogVersion(), and LoadCatalog() if that differs.
// A load that says the same as the last one changes nothing and publishes
// nothing. Used by CatalogService alone, whose header is the contract.
#ifndef PGBRAID_POOL_CATALOG_WATCHER_H_
#define PGBRAID_POOL_CATALOG_WATCHER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/status.h"
#include "pool/catalog_connection.h"
#include "pool/catalog_loader.h"

namespace pgbraid::pool {

struct CatalogServiceOptions {
  // From one look to the next. Longer where a look takes long, so that looking
  // takes 5 % of a server's core at most, and loading four fifths of one.
  Duration poll_interval = std::chrono::seconds(1);
  CatalogTimeouts timeouts;
  // From a failure to the next try, doubled each time up to the longest.
  Duration first_retry = std::chrono::milliseconds(100);
  Duration longest_retry = std::chrono::seconds(5);
  // Databases of one shard. Past it, one that has never been read makes room
  // for the next; if there is none, Want() refuses.
  int max_databases = 100;
  // Takes one line whenever what is wrong with a database changes. Called on
  // the service's threads. Null: stderr.
  std::function<void(std::string_view line)> log;
};

// A snapshot for the reactors.
struct CatalogUpdate {
  int shard = 0;
  std::string database;
  LoadedCatalog loaded;
  // The highest mark of MarkStale() that it answers: the look began after it.
  uint64_t answers = 0;
};

// Where to ask for a database; nullopt: nowhere now, try later. Any thread.
using CatalogSourceFor = std::function<std::optional<CatalogSource>(
    int shard, const std::string& database)>;
using PublishCatalog = std::function<void(const CatalogUpdate&)>;

class CatalogWatcher {
 public:
  // `options` and `next_epoch` must outlive it.
  CatalogWatcher(int shard, const CatalogServiceOptions& options,
                 CatalogSourceFor source_for, PublishCatalog publish,
                 std::atomic<uint64_t>* next_epoch);
  ~CatalogWatcher();

  // The owner's thread.
  void Start();
  void RequestStop();  // returns at once
  void Join();         // within 0.1 s of RequestStop(), as a rule

  // Any thread.
  Status Want(const std::string& database);
  Status MarkStale(const std::string& database, uint64_t mark);
  std::optional<LoadedCatalog> Current(const std::string& database) const;
  Status LastError(const std::string& database) const;
  Status WaitForFirst(TimePoint deadline) const;

 private:
  struct Entry;
  enum class Outcome {
    kUnchanged,  // by its version, which is cheap to see
    kReadSame,   // loaded, and found to say the same
    kReadNew,
  };

  // The wanted entry, made if it is new; null if there is no room. The caller
  // holds mutex_.
  std::shared_ptr<Entry> FindOrAdd(const std::string& database);
  // Waits for it; null when it is time to stop.
  std::shared_ptr<Entry> NextDue();
  void Run();
  void Refresh(Entry& entry);
  // Looks at the server and puts what is new into entry.found.
  // `marked`: DDL has been seen, so that it is likely to be new.
  StatusOr<Outcome> Look(Entry& entry, bool marked);
  StatusOr<std::string> ReadCommitState(Entry& entry);
  // Makes entry.connection one to today's source that can be used.
  Status Connect(Entry& entry);
  void LogChange(Entry& entry, const Status& before, const Status& now) const;

  // Constant after construction.
  const int shard_;
  const CatalogServiceOptions& options_;
  const CatalogSourceFor source_for_;
  const PublishCatalog publish_;
  std::atomic<uint64_t>* const next_epoch_;

  std::atomic<bool> stopping_{false};
  // Not absl::Mutex: ThreadSanitizer does not see through Debian's Abseil.
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;  // an entry, or stopping_
  std::map<std::string, std::shared_ptr<Entry>> entries_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_CATALOG_WATCHER_H_
