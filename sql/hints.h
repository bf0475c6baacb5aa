// What a leading comment asks of the router:
//
//   hint = "/*" "pgbraid:" [ item { [","] item } ] "*/"
//   item = "shard=" NAME | "consistency=" ( session | eventual | strong )
//        | "primary"
//
// Only the first thing in a text counts, since comments further in may come
// from users' input. Keys and words are read without regard to case, a shard's
// name exactly. Whether hints are allowed at all is the caller's to decide.
//
// Pure; any thread.
#ifndef PGBRAID_SQL_HINTS_H_
#define PGBRAID_SQL_HINTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pgbraid::sql {

struct Hint {
  enum class Consistency : uint8_t { kSession, kEventual, kStrong };

  std::optional<std::string> shard;  // a name from --shards, not checked here
  std::optional<Consistency> consistency;
  bool primary = false;

  bool empty() const { return !shard && !consistency && !primary; }
  friend bool operator==(const Hint&, const Hint&) = default;
};

// The hint that `text` begins with (after white space); an empty one if it
// begins with anything else, another comment for instance. Error 22023 for a
// hint with an unknown or repeated key or a value that cannot be: it names what
// is known.
StatusOr<Hint> ParseLeadingHint(std::string_view text);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_HINTS_H_
