// Messages that prepare and close statements on a server connection, unseen by
// the client. Each appends to `out`, announces what it appends, and keeps the
// connection's list of what is prepared there.
#ifndef PGBRAID_ROUTER_PREPARE_ON_SERVER_H_
#define PGBRAID_ROUTER_PREPARE_ON_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pool/environment.h"
#include "pool/server_connection.h"
#include "router/exchange.h"
#include "router/prepared_statements.h"

namespace pgbraid::router {

// The whole ErrorResponse to a client that relies on other columns than a
// statement has now, as PostgreSQL says it (plancache.c): drivers know it by
// its fields.
std::string ChangedColumns();

class ServerPreparation {
 public:
  // `now` is the session's effective environment; all outlive this.
  ServerPreparation(pool::ServerConnection* connection,
                    const pool::EnvironmentRef& now, std::string* out,
                    Exchange* exchange)
      : connection_(connection), now_(now), out_(out), exchange_(exchange) {}

  // Prepares it under its own name; it must not be prepared here. Errors are
  // reported to the client as those of its statement.
  void Prepare(const ClientStatementRef& statement);
  // The same as the unnamed statement.
  void PrepareUnnamed(const ClientStatementRef& statement);
  // Closes it, if it is prepared here.
  void Close(uint64_t id);
  // Closes what was not used for longest until there is room for `count` more.
  void MakeRoom(size_t count, size_t limit);
  // Prepares it if it is not prepared here.
  void Ensure(const ClientStatementRef& statement, size_t limit);
  // Has the server say which columns it gives; it must be prepared here.
  void Describe(const ClientStatementRef& statement, bool unnamed);
  // The same for one that is prepared here under the client's own name.
  void DescribeOwn(const ClientStatementRef& statement);
  // Drops all that is prepared here, and prepares the client's statements under
  // their own names with their own texts.
  void TakeOwnNames(const std::vector<ClientStatementRef>& statements);

 private:
  void Parse(const ClientStatementRef& statement, bool unnamed);
  // Runs one statement inside the transaction at hand; its result is dropped.
  void RunHidden(std::string_view sql);
  void ExpectHidden(Expected::What what);

  pool::ServerConnection* const connection_;
  const pool::EnvironmentRef& now_;
  std::string* const out_;
  Exchange* const exchange_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_PREPARE_ON_SERVER_H_
