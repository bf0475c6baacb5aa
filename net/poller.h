// Which descriptors became ready: the kernel's edge-triggered notification
// (epoll today) behind one narrow door. One thread; part of a Reactor.
#ifndef PGBRAID_NET_POLLER_H_
#define PGBRAID_NET_POLLER_H_

#include <cstdint>
#include <memory>

#include "base/status.h"

namespace pgbraid::net::internal {

class Poller {
 public:
  // What an event says, as a set of bits.
  enum Event : uint32_t {
    kReadable = 1,
    kWritable = 2,
    // The peer will send no more, hung up, or an error is pending: reading must
    // go on until the kernel says so.
    kHungUp = 4,
    // Urgent data: a short read does not mean drained.
    kUrgent = 8,
  };

  // Told of events. Must not destroy itself in OnEvents.
  class Handler {
   public:
    virtual void OnEvents(uint32_t events) = 0;

   protected:
    ~Handler() = default;
  };

  static StatusOr<std::unique_ptr<Poller>> Create();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Whether to be told of room for sending.
  enum class Writable { kWatch, kIgnore };

  // Watches `fd` until Remove(): each change from not ready to ready, and new
  // data, is told. The state at the time of this call is told first. Returns 0
  // or an errno.
  int Add(int fd, Handler* handler, Writable writable = Writable::kWatch);

  // Changes that; the state is told anew.
  void Change(int fd, Handler* handler, Writable writable);

  // Ends that; also drops events that were fetched and not yet told.
  void Remove(int fd, Handler* handler);

  // Fetches events: waits `timeout_ms` at most (-1: for ever). An interrupting
  // signal ends the wait early.
  void Wait(int timeout_ms);

  // Tells the handlers of what Wait() fetched.
  void Dispatch();

 private:
  struct Batch;
  Poller(int epoll_fd, std::unique_ptr<Batch> batch);

  const int epoll_fd_;
  const std::unique_ptr<Batch> batch_;
};

}  // namespace pgbraid::net::internal

#endif  // PGBRAID_NET_POLLER_H_
