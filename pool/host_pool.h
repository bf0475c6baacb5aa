// The connections of one reactor to one host: a bounded number, lent out first
// come first served, but for a connection that fits one a little behind better:
// it may overtake those who have not waited long yet.
//
// Belongs to one reactor, outlives its leases. Connections are kept for each
// identity (server user and database); where the limit is reached, an idle one
// of another identity makes room. One that a cancel request may still reach is
// in quarantine before it is idle again.
#ifndef PGBRAID_POOL_HOST_POOL_H_
#define PGBRAID_POOL_HOST_POOL_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "net/reactor.h"
#include "net/stream.h"
#include "pool/canceller.h"
#include "pool/credentials.h"
#include "pool/interrupt.h"
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

// A connection of the client's own, beside the pool.
struct DedicatedTarget {
  std::string database;
  ServerLogin login;
  std::vector<std::pair<std::string, std::string>> startup;
  bool replication = false;
};

// Which of several equal connections a session would rather have, for the sake
// of currval(): the one with this id; and if it is going to advance a sequence
// on another, one where nobody else has.
struct SequenceWish {
  uint64_t connection = 0;
  bool advances = false;
};

class HostPool {
 public:
  // All pointers outlive the pool.
  HostPool(net::Reactor* reactor, HostPoolOptions options,
           const Credentials* credentials, ReactorTables* tables,
           wire::RandomSource* random);
  ~HostPool();

  // An idle connection of this identity that can be given `environment`, one
  // that has it first; empty if there is none or others wait already. The
  // common case: no coroutine, no system call.
  Lease TryAcquire(const Identity* identity, const Environment* environment,
                   const SequenceWish& wish = {});

  // Waits for its turn, and for a connection to be made where one may be.
  // Errors: 53300 if none became free, or could be made, within the checkout
  // timeout (or `deadline`, if sooner); 57014 once `interrupt` (may be null) is
  // raised; those of ServerConnection::Open; those of Depose(). `environment`
  // outlives the wait.
  net::Task<StatusOr<Lease>> Acquire(const Identity* identity,
                                     const Environment* environment,
                                     TimePoint deadline, Interrupt* interrupt,
                                     const SequenceWish& wish = {});

  // The connection with this id, once who has it gives it back, ahead of who
  // waits for any. Empty if it is no more, or not free by `deadline`, or once
  // `interrupt` is raised.
  net::Task<Lease> AcquireOnly(uint64_t id, TimePoint deadline,
                               Interrupt* interrupt);

  // Makes a connection that is not counted in the limit and is closed when its
  // lease ends. Errors: those of ServerConnection::Open.
  net::Task<StatusOr<Lease>> OpenDedicated(DedicatedTarget target,
                                           TimePoint deadline);

  // Closes the idle connections: after the host has changed its role or life.
  void DropIdle();

  // The same for those lent out, when they come back: what a login gives has
  // changed.
  void Renew();

  // The host is not the primary any more: besides, ends all connections that
  // are lent out (their statements are cancelled) and turns away whoever waits
  // for one. All are told `why`, an 08006.
  void Depose(const Status& why);

  // Asks the server to cancel what a connection of this pool runs now.
  void Cancel(ServerConnection* connection) { canceller_.Cancel(connection); }
  // Waits until no cancel request for it is on its way.
  net::Task<void> AwaitCancelEnd(ServerConnection* connection) {
    return canceller_.AwaitEnd(connection);
  }

  const net::Address& address() const { return options_.address; }
  // Lent out, or given to one who has not noticed yet; with dedicated ones.
  size_t leased() const { return lent_.size(); }
  size_t idle() const { return idle_.size(); }
  size_t waiting() const { return waiting_.size(); }
  // Under the limit: without dedicated ones.
  size_t total() const { return total_; }
  const Canceller& canceller() const { return canceller_; }

 private:
  friend class Lease;

  struct Idle {
    const Identity* identity;
    const Environment* environment;  // the connection's, where it is at hand
    std::unique_ptr<ServerConnection> connection;
  };
  // Somebody in line. Lives in the frame of its Acquire.
  struct Pending {
    explicit Pending(net::Reactor* reactor) : waiter(reactor) {}
    const Identity* identity = nullptr;
    const Environment* environment = nullptr;
    TimePoint since;
    int overtaken = 0;  // how often one behind it was served first
    uint64_t only = 0;  // the id of the one connection that will do
    bool gone = false;  // ... which is no more
    net::Waiter waiter;
    std::unique_ptr<ServerConnection> given;
    bool may_open = false;  // a place under the limit is reserved for it
    Status turned_away;
  };
  // A connection being made. Goes on when nobody waits for it any more: it will
  // serve another.
  struct Opening {
    net::Waiter* waiter = nullptr;  // null: nobody waits
    std::unique_ptr<ServerConnection> connection;
    Status error;
    bool over = false;
  };

  Status NotInTime(std::string_view detail) const;
  net::Task<StatusOr<Lease>> Open(const Identity* identity, TimePoint deadline,
                                  Interrupt* interrupt);
  net::Task<void> RunOpening(std::shared_ptr<Opening> opening,
                             const Identity* identity, TimePoint deadline);
  // Makes room: closes the idle connection that was used longest ago.
  bool EvictIdle();
  // Empty if that connection turns out to be of no use.
  Lease LendIdle(size_t place);
  // The next in line: the first, or one a little behind it whom this connection
  // fits without a change of its settings, or without being closed.
  std::list<Pending*>::iterator NextInLine(const ServerConnection& connection);
  // Hands it to whoever waits for it alone.
  bool GiveToItsWaiter(std::unique_ptr<ServerConnection>* connection);
  // It is about to be closed: whoever waits for it alone waits in vain.
  void Forget(const ServerConnection& connection);
  void Lend(ServerConnection* connection);
  // Gives a clean connection to the next in line, or keeps it.
  void Offer(std::unique_ptr<ServerConnection> connection);
  // Until no cancel request can reach the connection any more.
  net::Task<void> Quarantine(std::unique_ptr<ServerConnection> connection);
  void Return(std::unique_ptr<ServerConnection> connection);
  void Discard(std::unique_ptr<ServerConnection> connection);
  // A place under the limit has become free (total_ was counted down).
  void PlaceFreed();

  net::Reactor* const reactor_;
  const HostPoolOptions options_;
  const Credentials* const credentials_;
  ReactorTables* const tables_;
  wire::RandomSource* const random_;

  Canceller canceller_;
  std::vector<Idle> idle_;  // most recently used last
  std::vector<ServerConnection*> lent_;
  std::list<Pending*> waiting_;
  std::list<Pending*> waiting_for_one_;
  std::vector<Opening*> opening_;
  size_t total_ = 0;  // lent out, idle, in quarantine and being opened
  // Grows with each DropIdle(): what was made before is not kept.
  uint64_t generation_ = 0;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_HOST_POOL_H_
