// A place where one coroutine waits for any of several things to happen. Those
// who make things happen (streams, pools, other coroutines) call Notify(); the
// waiter then looks for itself at what changed.
//
// Notifications coalesce, and one that comes while nobody waits is kept for the
// next Wait(). Reactor thread only. Must outlive whoever notifies. The
// coroutine that waits may be destroyed before the waiter or after it (it never
// goes on in the second case).
#ifndef PGBRAID_NET_WAITER_H_
#define PGBRAID_NET_WAITER_H_

#include <coroutine>

#include "base/clock.h"
#include "net/intrusive_list.h"
#include "net/timer_queue.h"

namespace pgbraid::net {

class Reactor;

class Waiter : private internal::ListNode {
 public:
  explicit Waiter(Reactor* reactor) : reactor_(reactor) {}
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // Lets the waiting coroutine go on in this round of the loop (not from
  // within this call).
  void Notify();

  // The same in the next round, after other sockets had their turn.
  void NotifyNextRound();

  // co_await gives true after Notify(), false if `deadline` passed first. With
  // a deadline in the past it does not wait. One coroutine at a time.
  class Awaiter;
  Awaiter Wait(TimePoint deadline = TimePoint::max());

  Reactor* reactor() const { return reactor_; }

 private:
  friend class Reactor;
  template <class T>
  friend class internal::IntrusiveList;

  // Queues the waiting coroutine to go on.
  void MakeReady();
  // Lets it go on, now.
  void Resume();

  Reactor* const reactor_;
  Awaiter* awaiter_ = nullptr;  // who waits, in the coroutine's frame
  bool notified_ = false;       // with nobody waiting
  bool ready_ = false;          // in the reactor's ready list
};

class Waiter::Awaiter : private internal::Timer {
 public:
  Awaiter(Waiter* waiter, TimePoint deadline)
      : waiter_(waiter), deadline_(deadline) {}
  ~Awaiter() {
    if (suspended_) Abandon();
  }
  Awaiter(const Awaiter&) = delete;
  Awaiter& operator=(const Awaiter&) = delete;

  bool await_ready() {
    if (!waiter_->notified_) return DeadlinePassed();
    waiter_->notified_ = false;
    return notified_ = true;
  }
  void await_suspend(std::coroutine_handle<> waiting);
  bool await_resume() const { return notified_; }

 private:
  friend class Waiter;
  friend class Reactor;

  bool DeadlinePassed() const;
  // The coroutine is destroyed while it waits.
  void Abandon();

  Waiter* waiter_;  // null if it was destroyed during the wait
  const TimePoint deadline_;
  std::coroutine_handle<> waiting_;
  bool suspended_ = false;
  bool notified_ = false;
};

inline Waiter::Awaiter Waiter::Wait(TimePoint deadline) {
  return Awaiter(this, deadline);
}

static_assert(sizeof(Waiter) <= 48);

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_WAITER_H_
