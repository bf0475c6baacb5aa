// The kernel's error numbers as text and as values. Any thread.
#ifndef PGBRAID_NET_ERRNO_STATUS_H_
#define PGBRAID_NET_ERRNO_STATUS_H_

#include <string>
#include <string_view>

#include "base/status.h"

namespace pgbraid::net::internal {

// "Connection refused"
std::string ErrnoText(int error);

// 08006: "<what>: Connection refused"
Status ErrnoStatus(std::string_view what, int error);

}  // namespace pgbraid::net::internal

#endif  // PGBRAID_NET_ERRNO_STATUS_H_
