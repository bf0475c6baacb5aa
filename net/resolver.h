// Host names to addresses, off the reactors' threads: a few threads of the
// process, started when first needed, which wait for the name service.
#ifndef PGBRAID_NET_RESOLVER_H_
#define PGBRAID_NET_RESOLVER_H_

#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "net/address.h"
#include "net/reactor.h"
#include "net/socket_address.h"

namespace pgbraid::net::internal {

// The addresses of `address`, in the order to try; at least one, or an error
// (08006; also at `deadline`). Numeric hosts and Unix sockets need no thread.
// Reactor thread only; the coroutine may be destroyed at any time.
Task<StatusOr<std::vector<SocketAddress>>> Resolve(Reactor* reactor,
                                                   Address address,
                                                   TimePoint deadline);

}  // namespace pgbraid::net::internal

#endif  // PGBRAID_NET_RESOLVER_H_
