#include "topology/range_placement.h"

#include <algorithm>

#include "topology/int_range.h"

namespace pgbraid::topology {
namespace {

// Whether no number lies between the bounds. Text is not looked at more
// closely than by its order.
bool IsEmpty(const KeyBound* lower, const KeyBound* upper) {
  const KeyBound* any = lower != nullptr ? lower : upper;
  if (any == nullptr) return false;
  if (any->value.is_int()) return IntRange::Between(lower, upper).empty;
  if (lower == nullptr || upper == nullptr) return false;
  if (lower->value == upper->value) {
    return !lower->inclusive || !upper->inclusive;
  }
  return upper->value < lower->value;
}

}  // namespace

RangePlacement::RangePlacement(std::vector<Entry> entries,
                               std::optional<int> rest_shard,
                               std::optional<int> null_shard)
    : entries_(std::move(entries)),
      rest_shard_(rest_shard),
      null_shard_(null_shard ? null_shard : rest_shard) {}

size_t RangePlacement::RangeOf(const KeyValue& value) const {
  auto above = std::upper_bound(
      entries_.begin(), entries_.end(), value,
      [](const KeyValue& v, const Entry& entry) { return v < entry.first; });
  return static_cast<size_t>(above - entries_.begin());
}

ShardSet RangePlacement::ForEqual(std::span<const KeyValue> key) const {
  const KeyValue& value = key.front();
  size_t range = entries_.size();
  if (!value.is_null()) range = RangeOf(value);
  if (range < entries_.size()) return ShardSet::Single(entries_[range].second);
  std::optional<int> shard = value.is_null() ? null_shard_ : rest_shard_;
  return shard ? ShardSet::Single(*shard) : ShardSet();
}

ShardSet RangePlacement::ForRange(const KeyBound* lower,
                                  const KeyBound* upper) const {
  ShardSet shards;
  if (IsEmpty(lower, upper)) return shards;

  size_t first = 0;
  if (lower != nullptr) {
    KeyValue least = lower->value;
    if (least.is_int() && !lower->inclusive) {
      least = KeyValue::Int(IntRange::Between(lower, nullptr).first);
    }
    first = RangeOf(least);
  }
  size_t last = entries_.size();
  if (upper != nullptr) {
    last = RangeOf(upper->value);
    // What is below a range's first value lies in the range before.
    if (!upper->inclusive && last > 0 &&
        entries_[last - 1].first == upper->value) {
      --last;
    }
  }
  for (size_t i = first; i <= last && i < entries_.size(); ++i) {
    shards.Add(entries_[i].second);
  }
  if (last == entries_.size() && rest_shard_) shards.Add(*rest_shard_);
  return shards;
}

bool RangePlacement::SameAs(const Placement& other) const {
  const auto* range = dynamic_cast<const RangePlacement*>(&other);
  return range != nullptr && range->entries_ == entries_ &&
         range->rest_shard_ == rest_shard_ && range->null_shard_ == null_shard_;
}

}  // namespace pgbraid::topology
