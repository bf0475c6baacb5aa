// One thread's event loop: sockets, timers, coroutines that are ready to go on,
// and messages from other threads.
//
// Everything that is made with a Reactor belongs to it and is used on its
// thread only. The exceptions are Post() and Stop(), which any thread may call.
#ifndef PGBRAID_NET_REACTOR_H_
#define PGBRAID_NET_REACTOR_H_

#include <coroutine>
#include <cstddef>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/status.h"
#include "net/task.h"

namespace pgbraid::net {

class Reactor {
 public:
  // `clock` must outlive the reactor. Fails where the kernel refuses an epoll
  // or event descriptor.
  static StatusOr<std::unique_ptr<Reactor>> Create(const Clock* clock);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Runs until Stop(). The calling thread becomes the reactor's thread.
  void Run();

  // Ends Run() soon. Any thread.
  void Stop();

  // Runs `work` on the reactor's thread, in the order posted. Any thread.
  void Post(std::function<void()> work);

  // Starts `task` now, and owns its frame until it has finished (or until the
  // reactor is destroyed).
  void Spawn(Task<void> task);

  // The time at which this round of the loop began; cheap.
  TimePoint now() const;
  const Clock* clock() const;

  // For the classes of net/ only.
  class Impl;
  Impl* impl() { return impl_.get(); }

 private:
  explicit Reactor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A place where one coroutine waits for any of several things to happen. Those
// who make things happen (streams, pools, other coroutines) call Notify(); the
// waiter then looks for itself at what changed.
//
// Notifications coalesce, and one that comes while nobody waits is kept for the
// next Wait(). Reactor thread only. Must outlive the wait and whoever notifies.
class Waiter {
 public:
  explicit Waiter(Reactor* reactor) : reactor_(reactor) {}
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // Lets the waiting coroutine go on in this round of the loop (not from
  // within this call).
  void Notify();

  // co_await gives true after Notify(), false if `deadline` passed first.
  class Awaiter;
  Awaiter Wait(TimePoint deadline = TimePoint::max());

  Reactor* reactor() const { return reactor_; }

 private:
  // (Members are the implementer's to choose; keep sizeof(Waiter) <= 48.)
  Reactor* const reactor_;
};

// Waits until `deadline`.
Task<void> SleepUntil(Reactor* reactor, TimePoint deadline);

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_REACTOR_H_
