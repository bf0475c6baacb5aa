#include "net/address.h"

namespace pgbraid::net {

std::string Address::ToString() const {
  const bool brackets = !is_unix() && host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Address::UnixPath() const {
  return host + "/.s.PGSQL." + std::to_string(port);
}

}  // namespace pgbraid::net
