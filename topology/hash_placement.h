// Placement by PostgreSQL's own hash: see pg_hash.h.
#ifndef PGBRAID_TOPOLOGY_HASH_PLACEMENT_H_
#define PGBRAID_TOPOLOGY_HASH_PLACEMENT_H_

#include <span>
#include <vector>

#include "topology/key_type.h"
#include "topology/placement.h"

namespace pgbraid::topology {

class HashPlacement : public Placement {
 public:
  // At least one column; modulus is the number of shards, >= 1.
  HashPlacement(std::vector<KeyColumn> columns, int modulus);

  ShardSet ForEqual(std::span<const KeyValue> key) const override;
  // All shards: neighbours are scattered.
  ShardSet ForRange(const KeyBound* lower,
                    const KeyBound* upper) const override;
  bool SameAs(const Placement& other) const override;

 private:
  const std::vector<KeyColumn> columns_;
  const int modulus_;
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_HASH_PLACEMENT_H_
