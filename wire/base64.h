// Base64 (RFC 4648) as SCRAM uses it: padded, without white space.
//
// Pure functions, any thread.
#ifndef PGBRAID_WIRE_BASE64_H_
#define PGBRAID_WIRE_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace pgbraid::wire {

std::string EncodeBase64(std::string_view bytes);

// Nothing if `text` is not exactly what EncodeBase64 gives for some bytes.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_BASE64_H_
