// Where to connect to or listen on. A value.
#ifndef PGBRAID_NET_ADDRESS_H_
#define PGBRAID_NET_ADDRESS_H_

#include <string>

namespace pgbraid::net {

// A host name or number and a port, or (if `host` begins with '/') the folder
// of PostgreSQL's Unix socket.
struct Address {
  std::string host;
  int port = 5432;

  // "10.0.0.1:5432", "[::1]:5432", "/run/postgresql:5432"
  std::string ToString() const;
  bool operator==(const Address&) const = default;

  bool is_unix() const { return !host.empty() && host.front() == '/'; }

  // "/run/postgresql/.s.PGSQL.5432"; only if is_unix().
  std::string UnixPath() const;
};

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_ADDRESS_H_
