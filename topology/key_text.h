// The canonical text forms of the key types, each read exactly or not at all.
// The forms are listed in key_parse.h.
//
// Pure functions; any thread. Internal to topology/.
#ifndef PGBRAID_TOPOLOGY_KEY_TEXT_H_
#define PGBRAID_TOPOLOGY_KEY_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "topology/key_value.h"

namespace pgbraid::topology {

// Wide enough for every int8 with room on both sides.
using WideInt = __int128;

// [+-]digits. Numbers outside of +-2^100 come back as one of these ends.
std::optional<WideInt> ReadInteger(std::string_view text);

// 8-4-4-4-12 hexadecimal digits of either case.
std::optional<KeyValue::UuidBytes> ReadUuid(std::string_view text);

// Days since 2000-01-01.
std::optional<int64_t> ReadDate(std::string_view text);

struct TimestampText {
  int64_t micros = 0;  // since 2000-01-01 00:00:00, local to the offset
  // East of UTC, in seconds; nothing if the text gives none.
  std::optional<int32_t> offset;
};
std::optional<TimestampText> ReadTimestamp(std::string_view text);

// The number of characters in valid UTF-8.
size_t CountUtf8Characters(std::string_view text);

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_KEY_TEXT_H_
