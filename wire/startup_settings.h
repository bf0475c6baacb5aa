// The settings that a startup packet asks for: those in `options` first, then
// the packet's own parameters, as PostgreSQL applies them.
//
// Pure functions, any thread.
#ifndef PGBRAID_WIRE_STARTUP_SETTINGS_H_
#define PGBRAID_WIRE_STARTUP_SETTINGS_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "wire/startup.h"

namespace pgbraid::wire {

struct Setting {
  std::string name;  // ASCII lower case
  std::string value;
  bool operator==(const Setting&) const = default;
};

// The words of `options`, separated by white space; a backslash takes the next
// byte as it is (PostgreSQL's pg_split_opts).
std::vector<std::string> SplitOptions(std::string_view options);

// Reads `-c name=value`, `-cname=value` and `--name=value`; a dash in a name is
// an underscore. Each name comes once, with its last value, at the place of its
// first. Errors: 42601 for what PostgreSQL would not take; 0A000 for its
// single-letter switches other than -c.
StatusOr<std::vector<Setting>> ParseOptions(std::string_view options);

// ParseOptions of `options`, then every parameter that is not one of user,
// database, options and replication. Each name comes once, the last value wins.
StatusOr<std::vector<Setting>> StartupSettings(const StartupPacket& packet);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_STARTUP_SETTINGS_H_
