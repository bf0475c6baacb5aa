// A connection to the PostgreSQL server that a proof asks.
//
// One thread. Throws what libpqxx throws, which fails the test.
#ifndef PGBRAID_TESTS_INTEGRATION_KEY_HASH_LIVE_DATABASE_H_
#define PGBRAID_TESTS_INTEGRATION_KEY_HASH_LIVE_DATABASE_H_

#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

namespace pgbraid {

class LiveDatabase {
 public:
  using Row = std::vector<std::optional<std::string>>;  // nothing: NULL

  // Connects with the connection string in $PGBRAID_TEST_DSN.
  LiveDatabase();

  // Everything runs in one transaction that is never committed.
  pqxx::result Query(const std::string& sql) { return transaction_.exec(sql); }
  int64_t Count(const std::string& sql);
  // Inserts rows of all columns of the table.
  void Fill(const std::string& table, const std::vector<Row>& rows);

 private:
  pqxx::connection connection_;
  pqxx::work transaction_;
};

}  // namespace pgbraid

#endif  // PGBRAID_TESTS_INTEGRATION_KEY_HASH_LIVE_DATABASE_H_
