#include "topology/hash_placement.h"

#include <utility>

#include "topology/pg_hash.h"

namespace pgbraid::topology {

HashPlacement::HashPlacement(std::vector<KeyColumn> columns, int modulus)
    : columns_(std::move(columns)), modulus_(modulus) {}

ShardSet HashPlacement::ForEqual(std::span<const KeyValue> key) const {
  return ShardSet::Single(HashPartition(columns_, key, modulus_));
}

ShardSet HashPlacement::ForRange(const KeyBound*, const KeyBound*) const {
  return ShardSet::All(modulus_);
}

bool HashPlacement::SameAs(const Placement& other) const {
  const auto* hash = dynamic_cast<const HashPlacement*>(&other);
  return hash != nullptr && hash->modulus_ == modulus_;
}

}  // namespace pgbraid::topology
