// Placement by ascending ranges of one column.
#ifndef PGBRAID_TOPOLOGY_RANGE_PLACEMENT_H_
#define PGBRAID_TOPOLOGY_RANGE_PLACEMENT_H_

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "topology/placement.h"

namespace pgbraid::topology {

class RangePlacement : public Placement {
 public:
  using Entry = std::pair<KeyValue, int>;  // first value above it, shard

  // Bounds ascend strictly and are not NULL. `rest_shard` takes the values
  // from the last bound on (also NULL, unless `null_shard` is given).
  RangePlacement(std::vector<Entry> entries, std::optional<int> rest_shard,
                 std::optional<int> null_shard);

  ShardSet ForEqual(std::span<const KeyValue> key) const override;
  ShardSet ForRange(const KeyBound* lower,
                    const KeyBound* upper) const override;
  bool SameAs(const Placement& other) const override;

 private:
  // The range that holds the value; entries_.size() is the rest.
  size_t RangeOf(const KeyValue& value) const;

  const std::vector<Entry> entries_;
  const std::optional<int> rest_shard_;
  const std::optional<int> null_shard_;
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_RANGE_PLACEMENT_H_
