#include "net/errno_status.h"

#include <system_error>

namespace pgbraid::net::internal {

std::string ErrnoText(int error) {
  return std::generic_category().message(error);
}

Status ErrnoStatus(std::string_view what, int error) {
  return SqlError(sqlstate::kConnectionFailure,
                  std::string(what) + ": " + ErrnoText(error));
}

}  // namespace pgbraid::net::internal
