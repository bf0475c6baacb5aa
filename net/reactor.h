// One thread's event loop: sockets, timers, coroutines that are ready to go on,
// and messages from other threads.
//
// Everything that is made with a Reactor belongs to it, is used on its thread
// only, and is destroyed before it. The exceptions are Post() and Stop(), which
// any thread may call.
//
// A round of the loop: events are fetched from the kernel and told to their
// streams; what was posted runs; deadlines that have passed are told; then the
// coroutines that are ready go on, with those that they make ready.
#ifndef PGBRAID_NET_REACTOR_H_
#define PGBRAID_NET_REACTOR_H_

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/status.h"
#include "net/task.h"
#include "net/waiter.h"

namespace pgbraid::net {

class Reactor {
 public:
  // `clock` must outlive the reactor. Fails where the kernel refuses an epoll
  // or event descriptor.
  static StatusOr<std::unique_ptr<Reactor>> Create(const Clock* clock);

  // Destroys the frames of spawned tasks that have not finished; work that was
  // posted and did not run is dropped. Not while Run() runs.
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Runs until Stop(). The calling thread becomes the reactor's thread. May be
  // called again.
  void Run();

  // Ends Run() after its current round; if it does not run, its next call
  // returns at once. Any thread.
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

// Waits until `deadline`.
Task<void> SleepUntil(Reactor* reactor, TimePoint deadline);

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_REACTOR_H_
