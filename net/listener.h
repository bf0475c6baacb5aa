// A listening socket (TCP or Unix). Owned by whoever made it; reactor thread
// only; destroyed before the reactor.
#ifndef PGBRAID_NET_LISTENER_H_
#define PGBRAID_NET_LISTENER_H_

#include <functional>
#include <memory>

#include "base/status.h"
#include "net/address.h"
#include "net/reactor.h"

namespace pgbraid::net {

class Listener {
 public:
  // Listens from now on. Accepted descriptors (non-blocking) are handed to
  // `on_accept` on the reactor's thread, which takes them over; it may destroy
  // the listener.
  //
  // A host name is resolved at once, and the first of its addresses that can
  // be bound is taken (IPv4 before IPv6); empty or "*" stands for all addresses
  // of this machine. In a Unix socket's folder a socket file is replaced if
  // nobody listens on it; everybody may connect to the new one (mode 0777, as
  // PostgreSQL's), and it is removed with the listener.
  //
  // Fails with 08006, the address and the cause ("Address already in use").
  static StatusOr<std::unique_ptr<Listener>> Create(
      Reactor* reactor, const Address& address,
      std::function<void(int fd)> on_accept);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int port() const;  // the one bound, where port 0 was asked for

 private:
  struct State;
  explicit Listener(std::shared_ptr<State> state);
  static Task<void> AcceptLoop(std::shared_ptr<State> state);

  const std::shared_ptr<State> state_;  // shared with AcceptLoop
};

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_LISTENER_H_
