// The text of CommandComplete, taken apart where answers are counted or merged:
//
//   tag := command [ ' ' rows ]      "SELECT 5", "INSERT 0 5", "CREATE TABLE"
//
// A view over the tag, which must outlive it. Pure functions, any thread.
#ifndef PGBRAID_WIRE_COMMAND_TAG_H_
#define PGBRAID_WIRE_COMMAND_TAG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgbraid::wire {

struct CommandTag {
  std::string_view command;      // "SELECT", "INSERT 0", "CREATE TABLE"
  std::optional<uint64_t> rows;  // nothing if the tag does not count

  std::string ToString() const;
  bool operator==(const CommandTag&) const = default;
};

CommandTag ParseCommandTag(std::string_view tag);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_COMMAND_TAG_H_
