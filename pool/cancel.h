// PostgreSQL's cancel requests, from the router to a server.
//
// Reactor thread only.
#ifndef PGBRAID_POOL_CANCEL_H_
#define PGBRAID_POOL_CANCEL_H_

#include <memory>

#include "net/reactor.h"
#include "pool/server_connection.h"

namespace pgbraid::pool {

// Asks the server to cancel what `connection` is running now, in the
// background. A cancel request says which process, not which statement, so the
// connection is marked as retired: it never serves another client, whom a late
// request could hit.
void CancelRunning(net::Reactor* reactor, ServerConnection* connection);

// Ends a connection that its holder has left in whatever state: what it runs is
// cancelled first, since a lost socket alone frees no locks. Where nothing is
// running, a Terminate is enough: the server rolls back at once.
void CancelAndClose(net::Reactor* reactor,
                    std::unique_ptr<ServerConnection> connection);

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_CANCEL_H_
