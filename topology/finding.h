// One thing that the check of a shard map found.
//
// Values only; any thread.
#ifndef PGBRAID_TOPOLOGY_FINDING_H_
#define PGBRAID_TOPOLOGY_FINDING_H_

#include <cstdint>
#include <string>

namespace pgbraid::topology {

struct Finding {
  enum class Severity : uint8_t {
    kWarning,  // works, with the limits that the message names
    kError,    // answers could be wrong: the map is not used
  };
  Severity severity = Severity::kError;
  std::string message;  // in PostgreSQL's style

  bool is_error() const { return severity == Severity::kError; }
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_FINDING_H_
