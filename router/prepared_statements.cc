#include "router/prepared_statements.h"

#include <algorithm>
#include <functional>

namespace pgbraid::router {
namespace {

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0xFF51AFD7ED558CCDu;
  return hash ^ (hash >> 32);
}

}  // namespace

PreparedRef PreparedStatements::Intern(std::string_view text,
                                       wire::OidList types, uint64_t frozen) {
  uint64_t hash = std::hash<std::string_view>()(text);
  hash = Mix(hash, std::hash<std::string_view>()(types.bytes()));
  hash = Mix(hash, frozen);
  std::weak_ptr<PreparedStatement>& place = by_hash_[hash];
  if (PreparedRef known = place.lock()) {
    if (known->text == text && known->frozen == frozen &&
        known->types_bytes == types.bytes()) {
      return known;
    }
  }
  auto made = std::make_shared<PreparedStatement>();
  made->id = ++last_id_;
  made->server_name = "pgbraid_" + std::to_string(made->id);
  made->text = text;
  for (size_t i = 0; i < types.size(); ++i) made->types.push_back(types[i]);
  made->types_bytes = types.bytes();
  made->frozen = frozen;
  place = made;
  if (by_hash_.size() > sweep_at_) Sweep();
  return made;
}

void PreparedStatements::Sweep() {
  absl::erase_if(by_hash_,
                 [](const auto& entry) { return entry.second.expired(); });
  sweep_at_ = std::max<size_t>(1024, 2 * by_hash_.size());
}

}  // namespace pgbraid::router
