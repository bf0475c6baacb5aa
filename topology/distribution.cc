#include "topology/distribution.h"

#include <utility>

#include "base/check.h"
#include "topology/bind_placement.h"

namespace pgbraid::topology {

TableDistribution::TableDistribution(DistributionSpec spec, int shard_count)
    : spec_(std::make_shared<const DistributionSpec>(std::move(spec))),
      shard_count_(shard_count) {
  PGB_CHECK(shard_count >= 1 && shard_count <= ShardSet::kMaxShards);
}

StatusOr<TableDistribution> TableDistribution::Bind(
    std::span<const KeyColumn> columns) const {
  TableDistribution bound = *this;
  PGB_ASSIGN_OR_RETURN(bound.placement_,
                       BindPlacement(*spec_, columns, shard_count_));
  bound.key_types_.assign(columns.begin(), columns.end());
  return bound;
}

ShardSet TableDistribution::All() const {
  if (kind() == DistributionKind::kSingle) {
    return ShardSet::Single(spec_->single_shard);
  }
  return ShardSet::All(shard_count_);
}

ShardSet TableDistribution::ForEqual(std::span<const KeyValue> key) const {
  if (placement_ == nullptr) return All();
  PGB_CHECK(key.size() == key_types_.size());
  return placement_->ForEqual(key);
}

ShardSet TableDistribution::ForRange(const KeyBound* lower,
                                     const KeyBound* upper) const {
  if (placement_ == nullptr || key_types_.size() != 1) return All();
  return placement_->ForRange(lower, upper);
}

ShardSet TableDistribution::ForNull() const {
  if (placement_ == nullptr || key_types_.size() != 1) return All();
  KeyValue null;
  return placement_->ForEqual({&null, 1});
}

bool CoLocated(const TableDistribution& a, const TableDistribution& b) {
  if (a.kind() != b.kind() || !a.bound() || !b.bound()) return false;
  if (a.kind() == DistributionKind::kReference) {
    return a.shard_count() == b.shard_count();
  }
  if (a.kind() == DistributionKind::kSingle) return a.All() == b.All();
  if (a.key_types().size() != b.key_types().size()) return false;
  for (size_t i = 0; i < a.key_types().size(); ++i) {
    if (!SameFamily(a.key_types()[i].type, b.key_types()[i].type)) return false;
  }
  return a.placement_->SameAs(*b.placement_);
}

}  // namespace pgbraid::topology
