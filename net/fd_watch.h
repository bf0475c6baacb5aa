// Notifies a waiter of whatever happens to a descriptor: for connecting and
// listening, where only "look again" matters. Reactor thread only; `waiter`
// and the descriptor outlive it.
#ifndef PGBRAID_NET_FD_WATCH_H_
#define PGBRAID_NET_FD_WATCH_H_

#include <cstdint>

#include "net/poller.h"
#include "net/reactor_impl.h"
#include "net/waiter.h"

namespace pgbraid::net::internal {

class FdWatch : private Poller::Handler {
 public:
  FdWatch(int fd, Waiter* waiter)
      : fd_(fd), waiter_(waiter), error_(poller().Add(fd, this)) {}
  ~FdWatch() { poller().Remove(fd_, this); }
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  // An errno if the kernel refused to watch; 0 if it did not.
  int error() const { return error_; }

 private:
  void OnEvents(uint32_t) override { waiter_->Notify(); }
  Poller& poller() { return waiter_->reactor()->impl()->poller(); }

  const int fd_;
  Waiter* const waiter_;
  const int error_;
};

}  // namespace pgbraid::net::internal

#endif  // PGBRAID_NET_FD_WATCH_H_
