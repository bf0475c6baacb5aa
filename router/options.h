// What the router was told to be: read from flags by main.cc, checked there,
// immutable afterwards, shared by all threads.
#ifndef PGBRAID_ROUTER_OPTIONS_H_
#define PGBRAID_ROUTER_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "net/address.h"
#include "net/tls_context.h"
#include "pool/credentials.h"
#include "pool/shard_hosts.h"
#include "sql/analysis.h"

namespace pgbraid::router {

enum class AuthMethod : uint8_t { kTrust, kScramSha256 };
enum class PoolMode : uint8_t { kTransaction, kSession };

struct RouterOptions {
  net::Address listen;
  std::string database;  // the name clients connect to; empty: any
  AuthMethod auth = AuthMethod::kTrust;
  std::shared_ptr<const net::TlsContext> tls;  // towards clients; null: none
  bool require_tls = false;                    // of clients that come by TCP
  PoolMode pool_mode = PoolMode::kTransaction;
  int pool_size = 20;  // server connections to one host, over all threads
  int max_replication_connections = 10;  // over all threads
  int threads = 1;                       // reactors; never more than pool_size
  pool::Consistency consistency = pool::Consistency::kSession;
  Duration max_replica_lag = std::chrono::seconds(1);
  Duration freshness_wait = std::chrono::milliseconds(10);
  Duration catalog_wait = std::chrono::seconds(1);
  Duration monitor_interval = std::chrono::milliseconds(200);
  Duration connect_timeout = std::chrono::seconds(2);
  Duration checkout_timeout = std::chrono::seconds(5);
  std::string monitor_user;
  std::string monitor_database;  // where a shard names none
  int max_prepared = 500;        // prepared statements on a server connection
  // Bytes of a message that has to be read whole before it is known where it
  // goes: Query, Parse, a Bind whose key comes last.
  size_t max_query_size = size_t{256} << 20;
  // Bytes of notifications that may wait for one client; more end its session.
  size_t notification_backlog = 16 << 20;
  bool allow_hints = false;
  bool log_routes = false;
  bool log_pins = false;
  sql::FunctionLists functions;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_OPTIONS_H_
