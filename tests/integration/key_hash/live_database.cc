#include "tests/integration/key_hash/live_database.h"

#include <cstdlib>
#include <stdexcept>

namespace pgbraid {
namespace {

std::string ConnectionString() {
  const char* dsn = std::getenv("PGBRAID_TEST_DSN");
  if (dsn == nullptr) {
    throw std::runtime_error("PGBRAID_TEST_DSN names no server");
  }
  return dsn;
}

}  // namespace

LiveDatabase::LiveDatabase()
    : connection_(ConnectionString()), transaction_(connection_) {
  Query("SET client_encoding = 'UTF8'");
}

int64_t LiveDatabase::Count(const std::string& sql) {
  return Query(sql).at(0).at(0).as<int64_t>();
}

void LiveDatabase::Fill(const std::string& table,
                        const std::vector<Row>& rows) {
  constexpr size_t kChunk = 1000;
  std::string values;
  for (size_t i = 0; i < rows.size(); ++i) {
    values += values.empty() ? "(" : ", (";
    for (size_t j = 0; j < rows[i].size(); ++j) {
      if (j > 0) values += ", ";
      values += rows[i][j] ? transaction_.quote(*rows[i][j]) : "NULL";
    }
    values += ")";
    if ((i + 1) % kChunk == 0 || i + 1 == rows.size()) {
      Query("INSERT INTO " + table + " VALUES " + values);
      values.clear();
    }
  }
}

}  // namespace pgbraid
