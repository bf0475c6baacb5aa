// A real PostgreSQL server that catalog_test.py has started, for C++ cases.
// Found by name (s0a: the first shard's primary, s0b: its standby) in the
// environment: PGBRAID_TEST_S0A=PORT:DATA_FOLDER. A case that fails to reach it
// throws, which GoogleTest reports.
#ifndef PGBRAID_TESTS_POOL_LIVE_SERVER_H_
#define PGBRAID_TESTS_POOL_LIVE_SERVER_H_

#include <cstdint>
#include <memory>
#include <pqxx/connection>
#include <pqxx/result>
#include <string>

#include "pool/catalog_connection.h"

namespace pgbraid::pool {

class LiveServer {
 public:
  explicit LiveServer(const std::string& name);

  // By TCP, as the superuser postgres.
  CatalogSource source(const std::string& database) const;
  std::unique_ptr<pqxx::connection> Connect(const std::string& database) const;

  // Runs a text, as one Query message, on a connection of its own.
  pqxx::result Execute(const std::string& database,
                       const std::string& sql) const;

  // An empty database, instead of any of that name.
  void RecreateDatabase(const std::string& database) const;

  // Waits until this standby has replayed all that `primary` has written.
  void WaitForReplayOf(const LiveServer& primary) const;

  // Stops every process of the server in its tracks, until the object's end.
  class Frozen {
   public:
    explicit Frozen(const LiveServer& server);
    ~Frozen();
    Frozen(const Frozen&) = delete;
    Frozen& operator=(const Frozen&) = delete;

   private:
    const LiveServer& server_;
  };

 private:
  // Sends `signal` to all of the server's processes; how many there are.
  int Signal(int signal) const;

  uint16_t port_ = 0;
  std::string data_folder_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_TESTS_POOL_LIVE_SERVER_H_
