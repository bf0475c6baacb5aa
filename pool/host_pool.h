// The connections of one reactor to one host: a bounded number, lent out first
// come first served.
//
// Belongs to one reactor, outlives its leases. Connections are kept for each
// identity (server user and database); where the limit is reached, an idle one
// of another identity makes room.
#ifndef PGBRAID_POOL_HOST_POOL_H_
#define PGBRAID_POOL_HOST_POOL_H_

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "net/reactor.h"
#include "net/stream.h"
#include "pool/credentials.h"
#include "pool/server_connection.h"

namespace pgbraid::pool {

// Who a connection is for: client's user and the server's database. Interned
// by the router: equal identities are the same object.
struct Identity {
  std::string user;
  std::string database;
};

struct HostPoolOptions {
  net::Address address;
  size_t limit = 20;  // connections of this reactor to this host, at least 1
  Duration connect_timeout = std::chrono::seconds(2);
  Duration checkout_timeout = std::chrono::seconds(5);
};

class HostPool;

// A server connection on loan. Gives itself back when destroyed: to the pool if
// nothing of its holder is left on it, else it is closed (and what it was doing
// is cancelled).
class Lease {
 public:
  Lease() = default;
  Lease(HostPool* pool, std::unique_ptr<ServerConnection> connection)
      : pool_(pool), connection_(std::move(connection)) {}
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      Return();
      pool_ = other.pool_;
      connection_ = std::move(other.connection_);
    }
    return *this;
  }
  ~Lease() { Return(); }

  explicit operator bool() const { return connection_ != nullptr; }
  ServerConnection* operator->() const { return connection_.get(); }
  ServerConnection* get() const { return connection_.get(); }
  HostPool* pool() const { return pool_; }

  // Gives it back now.
  void Return();

 private:
  HostPool* pool_ = nullptr;
  std::unique_ptr<ServerConnection> connection_;
};

class HostPool {
 public:
  // All pointers outlive the pool.
  HostPool(net::Reactor* reactor, HostPoolOptions options,
           const Credentials* credentials, ReactorTables* tables,
           wire::RandomSource* random);
  ~HostPool();

  // An idle connection of this identity, one with `environment` first; empty if
  // there is none or others wait already. The common case: no coroutine, no
  // system call.
  Lease TryAcquire(const Identity* identity, const Environment* environment);

  // Waits for its turn, and for a connection to be made where one may be.
  // Errors: 53300 if none became free within the checkout timeout (or
  // `deadline`, if sooner); those of ServerConnection::Open.
  net::Task<StatusOr<Lease>> Acquire(const Identity* identity,
                                     const Environment* environment,
                                     TimePoint deadline);

  // Closes the idle connections: after the host has changed its role or life.
  void DropIdle();

  const net::Address& address() const { return options_.address; }
  size_t leased() const { return total_ - idle_.size() - opening_; }
  size_t idle() const { return idle_.size(); }
  size_t waiting() const { return waiting_.size(); }
  size_t total() const { return total_; }

 private:
  friend class Lease;

  struct Idle {
    const Identity* identity;
    std::unique_ptr<ServerConnection> connection;
  };
  // Somebody in line. Lives in the frame of its Acquire.
  struct Pending {
    explicit Pending(net::Reactor* reactor) : waiter(reactor) {}
    const Identity* identity = nullptr;
    net::Waiter waiter;
    std::unique_ptr<ServerConnection> given;
    bool may_open = false;  // a place under the limit is reserved for it
  };

  net::Task<StatusOr<Lease>> Open(const Identity* identity, TimePoint deadline);
  bool EvictIdle();
  void Return(std::unique_ptr<ServerConnection> connection);
  void Discard(std::unique_ptr<ServerConnection> connection);
  // A place under the limit has become free (total_ was counted down).
  void PlaceFreed();

  net::Reactor* const reactor_;
  const HostPoolOptions options_;
  const Credentials* const credentials_;
  ReactorTables* const tables_;
  wire::RandomSource* const random_;

  std::vector<Idle> idle_;  // most recently used last
  std::list<Pending*> waiting_;
  size_t total_ = 0;  // leased, idle and being opened
  size_t opening_ = 0;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_HOST_POOL_H_
