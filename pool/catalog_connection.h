// A blocking SQL connection for reading system catalogs, off the query's way:
// libpqxx behind a face without exceptions.
//
// Every wait has a deadline of its own and ends early when `cancel` becomes
// true: a server that is stopped (SIGSTOP) still acknowledges TCP, so that
// neither statement_timeout nor tcp_user_timeout would ever end a wait for it.
// The one wait out of reach is the resolver's, when a host is given by name.
//
// Owned and used by one thread. Holds a socket and nothing on the server but an
// idle session (no transaction between calls of CatalogVersion and
// LoadCatalog).
#ifndef PGBRAID_POOL_CATALOG_CONNECTION_H_
#define PGBRAID_POOL_CATALOG_CONNECTION_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <pqxx/result>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/status.h"

namespace pgbraid::pool {

// Where and as whom to ask.
struct CatalogSource {
  // A name, an address, or, beginning with a slash, a Unix socket's folder.
  std::string host;
  uint16_t port = 5432;
  std::string database;
  std::string user;
  std::string password;  // empty: none
  std::string tls = {};  // libpq's options (ServerTls), or empty
  bool operator==(const CatalogSource&) const = default;
};

struct CatalogTimeouts {
  // From the first packet to a session that takes statements.
  Duration connect = std::chrono::seconds(2);
  // Of one statement, seen from here.
  Duration statement = std::chrono::seconds(5);
};

class CatalogConnection {
 public:
  // Opens a session that reads and deparses in a fixed way, whatever the role's
  // and the database's settings say (dates, quotes, encoding UTF-8, no JIT, no
  // parallel workers, locks waited for 1 s), except for search_path.
  // `cancel` (null: never) is read from this thread, may be set by any, and
  // must outlive the connection. Errors: the server's own SQLSTATE, or 08006.
  static StatusOr<std::unique_ptr<CatalogConnection>> Open(
      const CatalogSource& source, const CatalogTimeouts& timeouts = {},
      const std::atomic<bool>* cancel = nullptr);

  ~CatalogConnection();
  CatalogConnection(const CatalogConnection&) = delete;
  CatalogConnection& operator=(const CatalogConnection&) = delete;

  // Runs one statement. Errors: the server's SQLSTATE; 08006 if the connection
  // is lost; 57014 past the deadline or when cancelled, which ends the
  // connection, since only that surely ends a wait for a server that hangs.
  StatusOr<pqxx::result> Query(const std::string& sql);

  // The same, planned once for each connection under `name` (an identifier).
  StatusOr<pqxx::result> QueryPrepared(const std::string& name,
                                       const std::string& sql);

  // No more statements can be run: open another.
  bool broken() const { return broken_; }
  const CatalogSource& source() const { return source_; }

 private:
  class Session;

  CatalogConnection(CatalogSource source, const CatalogTimeouts& timeouts,
                    const std::atomic<bool>* cancel);

  // Constant after construction.
  const CatalogSource source_;
  const CatalogTimeouts timeouts_;
  const std::atomic<bool>* const cancel_;

  bool broken_ = false;
  std::set<std::string> prepared_;
  std::unique_ptr<Session> session_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_CATALOG_CONNECTION_H_
