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
  bool Contains(uint64_t id) const { return places_.contains(id); }

  // Whether `id` is prepared here; marks it as just used.
  bool Use(uint64_t id) {
    auto found = places_.find(id);
    if (found == places_.end()) return false;
    order_.splice(order_.begin(), order_, found->second);
    return true;
  }

  // It has been prepared here (again): its columns are not known yet.
  void Add(uint64_t id) {
    if (Use(id)) {
      order_.front().shape = 0;
      return;
    }
    order_.push_front({id, 0});
    places_[id] = order_.begin();
  }

  void Remove(uint64_t id) {
    auto found = places_.find(id);
    if (found == places_.end()) return;
    order_.erase(found->second);
    places_.erase(found);
  }

  // A number that says which columns `id` gives, as the server has described
  // them since it was prepared here; 0 if it has not. The server keeps to it,
  // or reports an error.
  uint64_t Shape(uint64_t id) const {
    auto found = places_.find(id);
    return found == places_.end() ? 0 : found->second->shape;
  }
  void SetShape(uint64_t id, uint64_t shape) {
    auto found = places_.find(id);
    if (found != places_.end()) found->second->shape = shape;
  }

  // The one to close if more than `limit` are held; it is taken out.
  std::optional<uint64_t> Evict(size_t limit) {
    if (order_.size() <= limit) return std::nullopt;
    uint64_t id = order_.back().id;
    Remove(id);
    return id;
  }

  void Clear() {
    order_.clear();
    places_.clear();
  }
  size_t size() const { return order_.size(); }

 private:
  struct Held {
    uint64_t id;
    uint64_t shape;
  };
  std::list<Held> order_;
  absl::flat_hash_map<uint64_t, std::list<Held>::iterator> places_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_PREPARED_NAMES_H_
