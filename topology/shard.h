// A shard as --shards describes it: its name, its database, its hosts.
//
// Values only; any thread.
#ifndef PGBRAID_TOPOLOGY_SHARD_H_
#define PGBRAID_TOPOLOGY_SHARD_H_

#include <cstdint>
#include <string>
#include <vector>

namespace pgbraid::topology {

// Where one PostgreSQL server listens.
struct HostAddress {
  // A name, an IPv4 or IPv6 address (without brackets), or, beginning with a
  // slash, the folder of a Unix socket.
  std::string host;
  uint16_t port = 5432;

  bool is_unix() const { return !host.empty() && host[0] == '/'; }
  // As --shards writes it: "10.0.0.1:5432", "[::1]:5432", "/run/pg:5432".
  std::string ToString() const;
  bool operator==(const HostAddress&) const = default;
};

struct Shard {
  std::string name;
  // Empty: the client's database.
  std::string database;
  // At least one; which is the primary is not known here.
  std::vector<HostAddress> hosts;
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_SHARD_H_
