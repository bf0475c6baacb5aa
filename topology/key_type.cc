#include "topology/key_type.h"

#include <iterator>

namespace pgbraid::topology {
namespace {

struct TypeRow {
  Oid oid;
  std::string_view name;
};

// In the order of KeyType.
constexpr TypeRow kTypes[] = {
    {21, "int2"},   {23, "int4"},        {20, "int8"},
    {25, "text"},   {1043, "varchar"},   {2950, "uuid"},
    {1082, "date"}, {1114, "timestamp"}, {1184, "timestamptz"},
};

}  // namespace

std::optional<KeyType> KeyTypeFromOid(Oid oid) {
  for (size_t i = 0; i < std::size(kTypes); ++i) {
    if (kTypes[i].oid == oid) return static_cast<KeyType>(i);
  }
  return std::nullopt;
}

std::optional<KeyType> KeyTypeFromName(std::string_view name) {
  for (size_t i = 0; i < std::size(kTypes); ++i) {
    if (kTypes[i].name == name) return static_cast<KeyType>(i);
  }
  return std::nullopt;
}

Oid OidOf(KeyType type) { return kTypes[static_cast<size_t>(type)].oid; }

std::string_view NameOf(KeyType type) {
  return kTypes[static_cast<size_t>(type)].name;
}

bool SameFamily(KeyType a, KeyType b) {
  return a == b || (IsInteger(a) && IsInteger(b)) || (IsText(a) && IsText(b));
}

}  // namespace pgbraid::topology
