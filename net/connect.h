// Connecting, without blocking the reactor.
#ifndef PGBRAID_NET_CONNECT_H_
#define PGBRAID_NET_CONNECT_H_

#include <memory>

#include "base/clock.h"
#include "base/status.h"
#include "net/address.h"
#include "net/reactor.h"

namespace pgbraid::net {

class Stream;

// Connects, or fails by `deadline` (08006 naming the address and the cause).
// Numeric hosts and Unix sockets are tried at once; host names are resolved off
// the reactor's thread, and their addresses tried in order, each with an equal
// share of the time that is left. Reactor thread only.
Task<StatusOr<std::unique_ptr<Stream>>> Connect(Reactor* reactor,
                                                Address address,
                                                TimePoint deadline);

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_CONNECT_H_
