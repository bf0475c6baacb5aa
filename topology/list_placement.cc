#include "topology/list_placement.h"

#include <algorithm>

namespace pgbraid::topology {
namespace {

ShardSet OneOrNone(std::optional<int> shard) {
  return shard ? ShardSet::Single(*shard) : ShardSet();
}

}  // namespace

ListPlacement::ListPlacement(std::vector<Entry> entries,
                             std::optional<int> default_shard,
                             std::optional<int> null_shard, int shard_count)
    : entries_(std::move(entries)),
      default_shard_(default_shard),
      null_shard_(null_shard ? null_shard : default_shard),
      shard_count_(shard_count) {
  std::sort(entries_.begin(), entries_.end());
}

ShardSet ListPlacement::ForEqual(std::span<const KeyValue> key) const {
  const KeyValue& value = key.front();
  if (value.is_null()) return OneOrNone(null_shard_);
  auto found = std::lower_bound(
      entries_.begin(), entries_.end(), value,
      [](const Entry& entry, const KeyValue& v) { return entry.first < v; });
  if (found != entries_.end() && found->first == value) {
    return ShardSet::Single(found->second);
  }
  return OneOrNone(default_shard_);
}

ShardSet ListPlacement::ForRange(const KeyBound*, const KeyBound*) const {
  return ShardSet::All(shard_count_);
}

bool ListPlacement::SameAs(const Placement& other) const {
  const auto* list = dynamic_cast<const ListPlacement*>(&other);
  return list != nullptr && list->entries_ == entries_ &&
         list->default_shard_ == default_shard_ &&
         list->null_shard_ == null_shard_;
}

}  // namespace pgbraid::topology
