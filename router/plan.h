// Where a statement goes: one immutable value. The planner makes it, and
// everyone after it obeys; nobody looks at SQL again.
#ifndef PGBRAID_ROUTER_PLAN_H_
#define PGBRAID_ROUTER_PLAN_H_

#include <optional>
#include <string_view>

#include "base/status.h"
#include "pool/shard_view.h"
#include "topology/shard_set.h"

namespace pgbraid::router {

struct Plan {
  enum class Kind : uint8_t {
    kAnyShard,  // whichever shard is at hand gives the same answer
    kOneShard,  // `shards` has one member
    kScatter,   // `shards` has several; their rows are concatenated
    kRefused,   // `refusal` says why
  };
  Kind kind = Kind::kAnyShard;
  topology::ShardSet shards;
  // A standby that is fresh enough may serve it.
  bool standby = false;
  // Makes a snapshot that others will use, on the primary.
  bool exports_snapshot = false;
  // Of its statements, as sql::Statement says it.
  bool advances_sequence = false;
  bool reads_sequence = false;
  bool differs_in_recovery = false;
  // It only reads: it may be asked again if its server is lost.
  bool only_reads = false;
  // How fresh, where a hint says it; else as the session wants it.
  std::optional<pool::Consistency> consistency;
  // Why it goes there, in a few words; lives as long as the routed query, or
  // for ever.
  std::string_view reason;
  Status refusal;

  int shard() const { return shards.First(); }
  bool refused() const { return kind == Kind::kRefused; }
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_PLAN_H_
