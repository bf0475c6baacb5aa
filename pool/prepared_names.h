// Which of the router's prepared statements a server connection holds, least
// recently used last. One connection's own.
#ifndef PGBRAID_POOL_PREPARED_NAMES_H_
#define PGBRAID_POOL_PREPARED_NAMES_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>

#include "absl/container/flat_hash_map.h"

namespace pgbraid::pool {

class PreparedNames {
 public:
  // Whether `id` is prepared here; marks it as just used.
  bool Use(uint64_t id) {
    auto found = places_.find(id);
    if (found == places_.end()) return false;
    order_.splice(order_.begin(), order_, found->second);
    return true;
  }

  void Add(uint64_t id) {
    if (Use(id)) return;
    order_.push_front(id);
    places_[id] = order_.begin();
  }

  void Remove(uint64_t id) {
    auto found = places_.find(id);
    if (found == places_.end()) return;
    order_.erase(found->second);
    places_.erase(found);
  }

  // The one to close if more than `limit` are held; it is taken out.
  std::optional<uint64_t> Evict(size_t limit) {
    if (order_.size() <= limit) return std::nullopt;
    uint64_t id = order_.back();
    Remove(id);
    return id;
  }

  void Clear() {
    order_.clear();
    places_.clear();
  }
  size_t size() const { return order_.size(); }

 private:
  std::list<uint64_t> order_;
  absl::flat_hash_map<uint64_t, std::list<uint64_t>::iterator> places_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_PREPARED_NAMES_H_
