// A value in one of libpq's connection strings. Pure; any thread.
#ifndef PGBRAID_POOL_CONNECTION_VALUE_H_
#define PGBRAID_POOL_CONNECTION_VALUE_H_

#include <string>
#include <string_view>

namespace pgbraid::pool {

// In single quotes, with a backslash before quotes and backslashes.
inline std::string ConnectionValue(std::string_view value) {
  std::string quoted = "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_CONNECTION_VALUE_H_
