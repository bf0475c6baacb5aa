// PostgreSQL's cancel requests, from the router to one host: each by a socket
// of its own, a bounded number of them at a time.
//
// A cancel request says which process, not which statement. So it must not be
// on its way any more when that process begins to work for somebody else: until
// the server has closed the request's socket, which it does once the process
// has been signalled, the connection is in quarantine (HostPool). A request
// that has not been sent yet is taken back instead.
//
// Belongs to its HostPool; reactor thread only.
#ifndef PGBRAID_POOL_CANCELLER_H_
#define PGBRAID_POOL_CANCELLER_H_

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "net/address.h"
#include "net/reactor.h"
#include "pool/server_connection.h"

namespace pgbraid::pool {

class Canceller {
 public:
  // Sockets to the host for cancel requests, for each reactor. What is above
  // waits in line: one request for each connection at most.
  static constexpr size_t kMaxSockets = 4;

  Canceller(net::Reactor* reactor, net::Address address)
      : reactor_(reactor), address_(std::move(address)) {}

  // Asks the server to cancel what `connection` runs now, in the background.
  // Does nothing if that is under way already. A request whose end can't be
  // seen (no answer in time) retires the connection.
  void Cancel(ServerConnection* connection);

  // Takes back a request that waits in line. What has been sent stays.
  void Withdraw(ServerConnection* connection);

  // Waits until no request for `connection` is on its way (a few seconds at
  // most). One waits for a connection at a time.
  net::Task<void> AwaitEnd(ServerConnection* connection);

  // Ends a connection that its holder has left in whatever state: what it runs
  // is cancelled first, since a lost socket alone frees no locks; it is closed
  // only then. Where nothing is running, a Terminate is enough: the server
  // rolls back at once.
  void Close(std::unique_ptr<ServerConnection> connection);

  size_t sockets() const { return sockets_; }
  size_t queued() const { return queued_.size(); }

 private:
  struct Request {
    ServerConnection* connection;             // null: closed meanwhile
    std::unique_ptr<ServerConnection> owned;  // to be closed afterwards
  };
  using Requests = std::list<Request>;

  static Requests::iterator Find(Requests* requests,
                                 const ServerConnection* connection);
  // Sends what is in line, one request after another, until there is none.
  net::Task<void> Work();
  // One request, up to the end of its socket. False if that was not seen.
  net::Task<bool> Send(std::string packet);

  net::Reactor* const reactor_;
  const net::Address address_;
  Requests queued_;
  Requests sent_;
  size_t sockets_ = 0;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_CANCELLER_H_
