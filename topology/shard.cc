#include "topology/shard.h"

namespace pgbraid::topology {

std::string HostAddress::ToString() const {
  bool is_ipv6 = !is_unix() && host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace pgbraid::topology
