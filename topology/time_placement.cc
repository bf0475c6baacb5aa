#include "topology/time_placement.h"

#include "topology/civil_time.h"
#include "topology/int_range.h"

namespace pgbraid::topology {

TimePlacement::TimePlacement(TimeInterval interval, KeyType type,
                             int shard_count, std::optional<int> null_shard)
    : interval_(interval),
      type_(type),
      shard_count_(shard_count),
      null_shard_(null_shard) {}

int TimePlacement::ShardOf(int64_t bucket) const {
  return static_cast<int>(FloorMod(bucket, shard_count_));
}

ShardSet TimePlacement::ForEqual(std::span<const KeyValue> key) const {
  const KeyValue& value = key.front();
  if (value.is_null()) {
    return null_shard_ ? ShardSet::Single(*null_shard_) : ShardSet();
  }
  return ShardSet::Single(
      ShardOf(TimeBucketOf(interval_, type_, value.as_int())));
}

ShardSet TimePlacement::ForRange(const KeyBound* lower,
                                 const KeyBound* upper) const {
  IntRange range = IntRange::Between(lower, upper);
  if (range.empty) return ShardSet();
  if (lower == nullptr || upper == nullptr) return ShardSet::All(shard_count_);

  int64_t first = TimeBucketOf(interval_, type_, range.first);
  int64_t last = TimeBucketOf(interval_, type_, range.last);
  if (last - first >= shard_count_ - 1) return ShardSet::All(shard_count_);
  ShardSet shards;
  for (int64_t bucket = first; bucket <= last; ++bucket) {
    shards.Add(ShardOf(bucket));
  }
  return shards;
}

bool TimePlacement::SameAs(const Placement& other) const {
  const auto* time = dynamic_cast<const TimePlacement*>(&other);
  return time != nullptr && time->interval_ == interval_ &&
         time->type_ == type_ && time->shard_count_ == shard_count_ &&
         time->null_shard_ == null_shard_;
}

}  // namespace pgbraid::topology
