#include "wire/frame.h"

#include <string>

namespace pgbraid::wire {

Status FrameError(std::string_view input, const FrameLimits& limits) {
  const uint8_t type = input.empty() ? 0 : static_cast<uint8_t>(input[0]);
  if (limits.max_length[type] == 0) {
    const std::string peer = limits.from_backend ? "backend" : "frontend";
    return SqlError(
        sqlstate::kProtocolViolation,
        "invalid " + peer + " message type " + std::to_string(type));
  }
  return SqlError(sqlstate::kProtocolViolation, "invalid message length");
}

Status StartupFrameError() {
  return SqlError(sqlstate::kProtocolViolation,
                  "invalid length of startup packet");
}

}  // namespace pgbraid::wire
