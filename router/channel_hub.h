// Through it the sessions of one reactor listen to channels, and the reactors
// share one SharedListener for each database.
//
// Each reactor has one. A database's SharedListener lives with one of them (by
// the hash of its name); between reactors everything goes as messages, whose
// order keeps the order of notifications. Reactor thread only, but for
// set_peers(), which comes before any of them is used.
#ifndef PGBRAID_ROUTER_CHANNEL_HUB_H_
#define PGBRAID_ROUTER_CHANNEL_HUB_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/reactor.h"
#include "router/channel_interest.h"
#include "router/shared_listener.h"

namespace pgbraid::router {

// A session that listens.
class Subscriber {
 public:
  virtual void OnNotification(const HeardNotification& heard) = 0;
  // Notifications may have been missed: nothing is listened to any more.
  virtual void OnListenerLost(const Status& why) = 0;

 protected:
  ~Subscriber() = default;
};

class ChannelHub : private SharedListener::Audience {
 public:
  // Makes the SharedListener of a database that lives here.
  using MakeShared = std::function<std::unique_ptr<SharedListener>(
      const std::string& database, SharedListener::Audience* audience)>;

  ChannelHub(int index, net::Reactor* reactor, MakeShared make);

  // The hubs of all reactors by number, this one too.
  void set_peers(std::vector<ChannelHub*> peers) { peers_ = std::move(peers); }

  // From the return on `subscriber` is told what is notified on `channel`, and
  // nothing that was notified (and acknowledged) before the call. Errors: those
  // of the connection (08006, 57P03 ...), also when it is not confirmed by
  // `deadline`.
  net::Task<Status> Listen(Subscriber* subscriber, std::string database,
                           std::string channel, TimePoint deadline);
  // The end of it: exactly once for each Listen that succeeded, unless
  // OnListenerLost() was called since.
  void Unlisten(Subscriber* subscriber, const std::string& database,
                const std::string& channel);

  // Returns when this reactor's subscribers have been told all that had been
  // notified and acknowledged on `shard` before. Errors: as Listen.
  net::Task<Status> CatchUp(std::string database, int shard,
                            TimePoint deadline);

 private:
  // What somebody waits for, in the waiting coroutine's frame.
  struct Outcome {
    explicit Outcome(net::Reactor* reactor) : waiter(reactor) {}
    net::Waiter waiter;
    bool done = false;
    Status status;
  };
  struct Ticket {
    std::string database;
    std::string channel;  // of a Listen
    Subscriber* subscriber = nullptr;
    Outcome* outcome = nullptr;  // null: nobody waits any more
  };
  struct Database {
    uint64_t generation = 0;
    ChannelInterest<Subscriber*> interest;
  };

  // Posts `work` to the hub where the database's listener lives.
  void AskOwner(const std::string& database,
                std::function<void(SharedListener*)> work);
  SharedListener* Owned(const std::string& database);
  net::Task<Status> Await(uint64_t ticket, Outcome* outcome,
                          TimePoint deadline);
  void OnDone(uint64_t ticket);
  void OnHeard(const std::string& database, const HeardNotification& heard);
  void OnLost(const std::string& database, uint64_t generation,
              const Status& why);

  // SharedListener::Audience, for the databases that live here.
  void Done(int worker, uint64_t ticket) override;
  void Deliver(int worker, const std::string& database,
               const HeardRef& heard) override;
  void Lost(const std::string& database, uint64_t generation,
            const Status& why) override;

  const int index_;
  net::Reactor* const reactor_;
  const MakeShared make_;
  std::vector<ChannelHub*> peers_;

  std::map<std::string, Database> databases_;
  std::map<uint64_t, Ticket> tickets_;
  uint64_t last_ticket_ = 0;
  std::map<std::string, std::unique_ptr<SharedListener>> owned_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_CHANNEL_HUB_H_
