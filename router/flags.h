// The command line: flags to checked, immutable options.
#ifndef PGBRAID_ROUTER_FLAGS_H_
#define PGBRAID_ROUTER_FLAGS_H_

#include <string_view>

#include "base/status.h"
#include "pool/credentials.h"
#include "router/options.h"
#include "topology/shard_map.h"

namespace pgbraid::router {

struct Configuration {
  RouterOptions options;
  topology::ShardMap map;
  pool::Credentials credentials;
};

// Reads the command line (and the files that it names). Ends the process with
// status 0 for --help and --version, and with status 2 and a message for flags
// that do not exist. Errors (22023) name the flag, what was wrong with it and
// what would be right.
StatusOr<Configuration> ReadFlags(int argc, char** argv);

// "500ms", "2s", "1min", "0": a number with a unit.
StatusOr<Duration> ParseDuration(std::string_view flag, std::string_view text);

// "512kB", "64MB", "1GB" in bytes, up to 1 GiB.
StatusOr<size_t> ParseSize(std::string_view flag, std::string_view text);

// "10.0.0.1:6432", "[::1]:6432", "/run/pgbraid:6432", ":6432" (all addresses).
StatusOr<net::Address> ParseListenAddress(std::string_view text);

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_FLAGS_H_
