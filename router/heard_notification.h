// A notification as the shared listener heard it. Immutable, passed between
// reactors.
#ifndef PGBRAID_ROUTER_HEARD_NOTIFICATION_H_
#define PGBRAID_ROUTER_HEARD_NOTIFICATION_H_

#include <cstdint>
#include <memory>
#include <string>

namespace pgbraid::router {

struct HeardNotification {
  int shard = 0;
  uint32_t process = 0;  // the server process that notified
  std::string channel;   // both as bytes in the server's encoding
  std::string payload;
};

using HeardRef = std::shared_ptr<const HeardNotification>;

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_HEARD_NOTIFICATION_H_
