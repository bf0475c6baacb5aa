#include "router/prepared_statements.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "wire/endian.h"
#include "wire/row.h"

namespace pgbraid::router {
namespace {

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0xFF51AFD7ED558CCDu;
  return hash ^ (hash >> 32);
}

uint64_t Mix(uint64_t hash, std::string_view text) {
  return Mix(hash, std::hash<std::string_view>()(text));
}

bool Fits(const PreparedStatement& known, const PreparedStatements::Key& key,
          uint64_t names) {
  return known.text == key.text && known.types_bytes == key.types.bytes() &&
         known.sql_types == key.sql_types &&
         known.environment->frozen_hash() == key.environment->frozen_hash() &&
         known.names == names && known.version == key.version;
}

std::string BytesOf(const std::vector<wire::Oid>& types) {
  std::string bytes(types.size() * 4, '\0');
  for (size_t i = 0; i < types.size(); ++i) {
    wire::StoreBigEndian32(types[i], bytes.data() + 4 * i);
  }
  return bytes;
}

}  // namespace

std::string ServerName(uint64_t id) {
  return std::string(kServerNamePrefix) + std::to_string(id);
}

uint64_t ShapeOf(std::string_view row_description) {
  wire::RowDescription fields;
  if (!wire::ParseRowDescription(row_description, &fields).ok()) return 2;
  uint64_t shape = fields.size() + 2;
  for (const wire::FieldDescription& field : fields) {
    shape = Mix(shape, field.name);
    shape = Mix(shape, uint64_t{field.type} << 32 |
                           static_cast<uint32_t>(field.type_modifier));
  }
  return std::max<uint64_t>(shape, 2);
}

PreparedRef PreparedStatements::Intern(const Key& key) {
  return Intern(key, key.environment->names_hash());
}

PreparedRef PreparedStatements::Make(const Key& key) {
  return Make(key, key.environment->names_hash());
}

PreparedRef PreparedStatements::Intern(const Key& key, uint64_t names) {
  if (key.version.own != 0) return Make(key, names);
  uint64_t hash = Mix(names, key.text);
  hash = Mix(hash, key.types.bytes());
  hash = Mix(hash, key.sql_types);
  hash = Mix(hash, key.environment->frozen_hash());
  hash = Mix(hash, key.version.shared);
  std::weak_ptr<PreparedStatement>& place = by_hash_[hash];
  PreparedRef known = place.lock();
  if (known != nullptr && Fits(*known, key, names)) return known;
  PreparedRef made = Make(key, names);
  place = made;
  if (by_hash_.size() > sweep_at_) Sweep();
  return made;
}

PreparedRef PreparedStatements::Make(const Key& key, uint64_t names) {
  auto made = std::make_shared<PreparedStatement>();
  made->id = ++last_id_;
  made->server_name = ServerName(made->id);
  made->text = key.text;
  for (size_t i = 0; i < key.types.size(); ++i) {
    made->types.push_back(key.types[i]);
  }
  made->types_bytes = key.types.bytes();
  made->sql_types = key.sql_types;
  made->environment = key.environment;
  made->names = names;
  made->version = key.version;
  return made;
}

PreparedRef PreparedStatements::Renewed(const PreparedRef& prepared,
                                        const pool::EnvironmentRef& environment,
                                        CatalogVersion version) {
  uint64_t names = environment->names_hash();
  if (prepared->version == version && prepared->names == names) {
    return prepared;
  }
  // Which types PREPARE's words mean is known once it has run.
  if (!prepared->sql_types.empty() && !prepared->is_described) return prepared;
  // What is frozen stays frozen, and the types are those found first.
  std::string types = BytesOf(prepared->parameter_types());
  Key key;
  key.text = prepared->text;
  key.types = wire::OidList(types);
  key.environment = prepared->environment;
  key.version = version;
  return Intern(key, names);
}

void PreparedStatements::Sweep() {
  absl::erase_if(by_hash_,
                 [](const auto& entry) { return entry.second.expired(); });
  sweep_at_ = std::max<size_t>(1024, 2 * by_hash_.size());
}

}  // namespace pgbraid::router
