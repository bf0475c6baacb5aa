// The values that a server reports by ParameterStatus (client_encoding,
// DateStyle, TimeZone, server_version ...), as one interned immutable value, so
// that thousands of clients share one copy and "the same" is one comparison.
// One reactor's own.
#ifndef PGBRAID_POOL_PARAMETERS_H_
#define PGBRAID_POOL_PARAMETERS_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pgbraid::pool {

// Sorted by name.
using Parameters = std::map<std::string, std::string, std::less<>>;
using ParametersRef = std::shared_ptr<const Parameters>;

// Interns parameter sets.
class ParametersTable {
 public:
  ParametersTable() : empty_(std::make_shared<const Parameters>()) {}

  const ParametersRef& empty() const { return empty_; }

  ParametersRef Intern(Parameters parameters);

  // `base` with `name` = `value`.
  ParametersRef With(const ParametersRef& base, std::string_view name,
                     std::string_view value);

 private:
  ParametersRef empty_;
  std::vector<std::weak_ptr<const Parameters>> known_;
};

// Differences between hosts are not the client's: in_hot_standby never changes
// for a client after its login.
bool IsHostParameter(std::string_view name);

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_PARAMETERS_H_
