// The rule that leads from a key's values to its shard, one kind a subclass:
// hash_placement.h, list_placement.h, range_placement.h, time_placement.h.
//
// Immutable; any thread. Owned by the TableDistribution that it serves.
#ifndef PGBRAID_TOPOLOGY_PLACEMENT_H_
#define PGBRAID_TOPOLOGY_PLACEMENT_H_

#include <span>

#include "topology/key_value.h"
#include "topology/shard_set.h"

namespace pgbraid::topology {

// One end of a range of key values. Never NULL.
struct KeyBound {
  KeyValue value;
  bool inclusive = true;
};

class Placement {
 public:
  virtual ~Placement() = default;

  // The shard of the row with this key (NULLs allowed), or none.
  virtual ShardSet ForEqual(std::span<const KeyValue> key) const = 0;

  // The shards of rows with keys between the bounds; null: no bound there.
  virtual ShardSet ForRange(const KeyBound* lower,
                            const KeyBound* upper) const = 0;

  // Whether equal keys of the same type family lead to the same shard in both.
  virtual bool SameAs(const Placement& other) const = 0;
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_PLACEMENT_H_
