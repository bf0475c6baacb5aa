// One reactor with all that belongs to it: its share of the server connections,
// its statement cache, its sessions.
//
// Workers share nothing but immutable values; what one has to tell another goes
// as a message (Reactor::Post). Every method but Post-like ones is for the
// reactor's thread.
#ifndef PGBRAID_ROUTER_WORKER_H_
#define PGBRAID_ROUTER_WORKER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "net/reactor.h"
#include "pool/shard_hosts.h"
#include "router/channel_hub.h"
#include "router/connection_budget.h"
#include "router/options.h"
#include "router/prepared_statements.h"
#include "router/recognizer.h"
#include "router/routing_snapshot.h"
#include "router/session_state.h"
#include "router/snapshot_source.h"
#include "wire/login_secrets.h"
#include "wire/random.h"

namespace pgbraid::router {

class Session;

class Worker {
 public:
  // All pointers outlive the worker.
  Worker(int index, std::unique_ptr<net::Reactor> reactor,
         const RouterOptions* options,
         std::shared_ptr<const topology::ShardMap> map,
         const pool::Credentials* credentials, wire::RandomSource* random,
         SnapshotSource* snapshots, ConnectionBudget* replication,
         uint64_t seed, std::string mock_key);
  ~Worker();

  // Starts the monitors. On the reactor's thread.
  void Start();

  int index() const { return index_; }
  net::Reactor* reactor() { return reactor_.get(); }
  const RouterOptions& options() const { return *options_; }
  const topology::ShardMap& map() const { return *map_; }
  const pool::Credentials& credentials() const { return *credentials_; }
  wire::RandomSource* random() { return random_; }
  // Unguessable, the process's own: for users who do not exist (SCRAM).
  const std::string& mock_key() const { return mock_key_; }
  wire::LoginSecrets* login_secrets() { return &login_secrets_; }
  pool::ReactorTables* tables() { return &tables_; }
  pool::ShardHosts* shard(int number) { return shards_[number].get(); }
  Recognizer* recognizer() { return &recognizer_; }
  PreparedStatements* prepared() { return &prepared_; }
  SnapshotSource* snapshots() { return snapshots_; }
  // Replication connections, over all workers.
  ConnectionBudget* replication() { return replication_; }
  ChannelHub* channels() { return &channels_; }

  // What the clients of one user and database share.
  ClientIdentity* IdentityFor(const std::string& user,
                              const std::string& database);

  // Logins are given something else from now on: connections made before are
  // used for what runs on them and no more.
  void RenewLogins();

  // Takes in a newer one.
  void Publish(const std::string& database, RoutingSnapshotRef snapshot);
  // Waits until the database's snapshot covers this mark (SnapshotSource), or
  // `deadline`, or `interrupt` is raised; true if it does. The database is one
  // of IdentityFor().
  net::Task<bool> AwaitCovered(std::string database, uint64_t mark,
                               TimePoint deadline, pool::Interrupt* interrupt);

  // Takes over a client's socket, which AddClient() has counted.
  void Accept(int fd);

  // Sessions by the process number that their clients know.
  uint32_t Register(Session* session, std::string* key);
  void Unregister(uint32_t process);
  // Cancels what the client with this number and key runs. Any other key does
  // nothing.
  void Cancel(uint32_t process, const std::string& key);
  // Hands a cancel request to the worker that `process` belongs to; set by the
  // router.
  std::function<void(uint32_t process, std::string key)> forward_cancel;
  // Tells the other workers that a shard's primary was seen to be deposed; set
  // by the router.
  std::function<void(int shard)> announce_deposed;
  static int WorkerOf(uint32_t process) {
    return static_cast<int>(process >> kCounterBits) - 1;
  }

  // Clients of this worker, readable from any thread.
  int clients() const { return clients_.load(std::memory_order_relaxed); }
  void AddClient(int by) { clients_.fetch_add(by, std::memory_order_relaxed); }

  // A buffer for building messages, empty, for use until the next suspension.
  std::string* scratch() {
    scratch_.clear();
    return &scratch_;
  }

 private:
  // A snapshot that statements are planned with from now on.
  void TakeIn(const RoutingSnapshot& snapshot);
  std::unique_ptr<SharedListener> MakeSharedListener(
      const std::string& database, SharedListener::Audience* audience);

  // Above Linux's greatest process id (2^22 - 1): a client must not take a
  // server process that notifies for itself.
  static constexpr int kCounterBits = 22;

  struct Registered {
    Session* session;
    std::string key;
  };

  const int index_;
  const std::unique_ptr<net::Reactor> reactor_;
  const RouterOptions* const options_;
  const std::shared_ptr<const topology::ShardMap> map_;
  const pool::Credentials* const credentials_;
  wire::RandomSource* const random_;
  SnapshotSource* const snapshots_;
  ConnectionBudget* const replication_;
  const std::string mock_key_;
  wire::LoginSecrets login_secrets_;

  pool::ReactorTables tables_;
  std::vector<std::unique_ptr<pool::ShardHosts>> shards_;
  ChannelHub channels_;
  Recognizer recognizer_;
  PreparedStatements prepared_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<ClientIdentity>>
      identities_;
  std::map<std::string, RoutingSnapshotRef> known_snapshots_;
  std::vector<net::Waiter*> awaiting_snapshot_;
  absl::flat_hash_map<uint32_t, Registered> sessions_;
  uint32_t last_session_ = 0;
  std::atomic<int> clients_{0};
  std::string scratch_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_WORKER_H_
