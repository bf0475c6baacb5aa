// The names of pgbraid's own settings.
#ifndef PGBRAID_ROUTER_OWN_SETTINGS_H_
#define PGBRAID_ROUTER_OWN_SETTINGS_H_

#include <string_view>

namespace pgbraid::router {

inline constexpr std::string_view kConsistencySetting = "pgbraid.consistency";
// Why the session keeps its server connection; for reading only.
inline constexpr std::string_view kPinsSetting = "pgbraid.pins";
// The shard of a replication connection; in the startup packet only.
inline constexpr std::string_view kShardSetting = "pgbraid.shard";

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_OWN_SETTINGS_H_
