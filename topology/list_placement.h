// Placement by listed values, one column.
#ifndef PGBRAID_TOPOLOGY_LIST_PLACEMENT_H_
#define PGBRAID_TOPOLOGY_LIST_PLACEMENT_H_

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "topology/placement.h"

namespace pgbraid::topology {

class ListPlacement : public Placement {
 public:
  using Entry = std::pair<KeyValue, int>;  // value, shard

  // Values differ and are not NULL. `default_shard` takes what is not listed
  // (also NULL, unless `null_shard` is given).
  ListPlacement(std::vector<Entry> entries, std::optional<int> default_shard,
                std::optional<int> null_shard, int shard_count);

  ShardSet ForEqual(std::span<const KeyValue> key) const override;
  // All shards.
  ShardSet ForRange(const KeyBound* lower,
                    const KeyBound* upper) const override;
  bool SameAs(const Placement& other) const override;

 private:
  std::vector<Entry> entries_;  // sorted
  const std::optional<int> default_shard_;
  const std::optional<int> null_shard_;
  const int shard_count_;
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_LIST_PLACEMENT_H_
