// Placement by equal intervals of time, dealt round-robin: interval i (see
// time_buckets.h) lies on shard i mod n.
#ifndef PGBRAID_TOPOLOGY_TIME_PLACEMENT_H_
#define PGBRAID_TOPOLOGY_TIME_PLACEMENT_H_

#include <optional>
#include <span>

#include "topology/key_type.h"
#include "topology/placement.h"
#include "topology/time_buckets.h"

namespace pgbraid::topology {

class TimePlacement : public Placement {
 public:
  // `type` is temporal. Without `null_shard` NULL has no place.
  TimePlacement(TimeInterval interval, KeyType type, int shard_count,
                std::optional<int> null_shard);

  ShardSet ForEqual(std::span<const KeyValue> key) const override;
  ShardSet ForRange(const KeyBound* lower,
                    const KeyBound* upper) const override;
  bool SameAs(const Placement& other) const override;

 private:
  int ShardOf(int64_t bucket) const;

  const TimeInterval interval_;
  const KeyType type_;
  const int shard_count_;
  const std::optional<int> null_shard_;
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_TIME_PLACEMENT_H_
