// The types that a distribution key may have, and what of a column matters for
// reading its values.
//
// Values only; any thread.
#ifndef PGBRAID_TOPOLOGY_KEY_TYPE_H_
#define PGBRAID_TOPOLOGY_KEY_TYPE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgbraid::topology {

using Oid = uint32_t;

// bpchar is left out on purpose: trailing blanks do not count in its equality.
enum class KeyType : uint8_t {
  kInt2,
  kInt4,
  kInt8,
  kText,
  kVarchar,
  kUuid,
  kDate,
  kTimestamp,
  kTimestamptz,
};

// By pg_type's OID (21, 23, 20, 25, 1043, 2950, 1082, 1114, 1184). Nothing for
// any other type.
std::optional<KeyType> KeyTypeFromOid(Oid oid);
// By pg_type's name ("int4", "timestamptz"). Nothing for any other name.
std::optional<KeyType> KeyTypeFromName(std::string_view name);
Oid OidOf(KeyType type);
// pg_type's name.
std::string_view NameOf(KeyType type);

inline bool IsInteger(KeyType type) { return type <= KeyType::kInt8; }
inline bool IsText(KeyType type) {
  return type == KeyType::kText || type == KeyType::kVarchar;
}
inline bool IsTemporal(KeyType type) { return type >= KeyType::kDate; }

// Whether equal values of the two types have the same bytes and the same hash
// in every session: the integers among themselves, text and varchar, and each
// type with itself. (date and timestamptz compare by the session's TimeZone.)
bool SameFamily(KeyType a, KeyType b);

// A key column as the catalogs describe it.
struct KeyColumn {
  KeyType type = KeyType::kInt8;
  // pg_attribute.atttypmod: varchar's length + 4, timestamp's precision; -1
  // for none.
  int32_t typmod = -1;
  // For text and varchar: the collation is deterministic, so that equal means
  // equal bytes; and it is "C" (or "POSIX"), so that order is that of bytes.
  bool deterministic = true;
  bool byte_order = false;

  bool operator==(const KeyColumn&) const = default;
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_KEY_TYPE_H_
