// All listening of one database: one connection to each shard's primary for the
// sessions of all reactors.
//
// Belongs to one reactor; the others reach it by messages (channel_hub.h). On
// the server each channel is listened to once, while some session wants it. If
// any of the connections is lost all is over: everybody is told, and who
// listens from then on belongs to the next generation.
#ifndef PGBRAID_ROUTER_SHARED_LISTENER_H_
#define PGBRAID_ROUTER_SHARED_LISTENER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pool/channel_listener.h"
#include "router/channel_interest.h"
#include "router/heard_notification.h"

namespace pgbraid::router {

class SharedListener {
 public:
  // The reactors whose sessions listen, by number. Called on the owner's
  // thread.
  class Audience {
   public:
    // What was asked under `ticket` is done: notifications that were sent
    // before have been delivered before.
    virtual void Done(int worker, uint64_t ticket) = 0;
    virtual void Deliver(int worker, const std::string& database,
                         const HeardRef& heard) = 0;
    // To all reactors. Nothing asked in an earlier generation is answered.
    virtual void Lost(const std::string& database, uint64_t generation,
                      const Status& why) = 0;

   protected:
    ~Audience() = default;
  };

  // One shard's connection, made with what it calls.
  using MakeListener = std::function<std::unique_ptr<pool::ChannelListener>(
      int shard, std::function<void(const wire::Notification&)> on_heard,
      std::function<void(Status)> on_lost)>;

  // `audience` outlives it.
  SharedListener(std::string database, int shard_count,
                 const MakeListener& make, Audience* audience);

  // `worker` wants to hear of `channel` once more. Done() when every shard's
  // server has confirmed it.
  void Want(int worker, uint64_t generation, uint64_t ticket,
            const std::string& channel);
  // ... once less.
  void Unwant(int worker, uint64_t generation, const std::string& channel);

  // Done() once all that was notified on `shard` before has been delivered.
  void CatchUp(int worker, uint64_t generation, uint64_t ticket, int shard);

 private:
  void OnHeard(int shard, const wire::Notification& notification);
  void OnLost(int shard, const Status& why);

  const std::string database_;
  Audience* const audience_;
  std::vector<std::unique_ptr<pool::ChannelListener>> listeners_;  // by shard
  ChannelInterest<int> interest_;                                  // of workers
  uint64_t generation_ = 0;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_SHARED_LISTENER_H_
