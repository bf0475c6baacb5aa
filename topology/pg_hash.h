// PostgreSQL's hash partitioning, bit for bit: a shard of a hash-distributed
// table is what partition (MODULUS shards, REMAINDER shard) of the same table
// would hold.
//
// Sources: src/common/hashfn.c (Bob Jenkins' lookup3), access/hash/hashfunc.c,
// utils/adt/uuid.c, partitioning/partbounds.c (compute_partition_hash_value).
// These are what little-endian servers compute; tests/integration/key_hash
// proves it against satisfies_hash_partition().
//
// Pure functions; any thread; no allocation.
#ifndef PGBRAID_TOPOLOGY_PG_HASH_H_
#define PGBRAID_TOPOLOGY_PG_HASH_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "topology/key_type.h"
#include "topology/key_value.h"

namespace pgbraid::topology {

// HASH_PARTITION_SEED of catalog/partition.h.
inline constexpr uint64_t kHashPartitionSeed = 0x7A5B22367996DCFD;

// hash_bytes_extended and hash_bytes_uint32_extended.
uint64_t HashBytesExtended(std::string_view bytes, uint64_t seed);
uint64_t HashUint32Extended(uint32_t value, uint64_t seed);

// hashint8extended: folded so that int2, int4 and int8 of one value agree.
uint64_t HashInt8Extended(int64_t value, uint64_t seed);

// The extended hash of one value, not NULL, by its type's default hash
// operator class (text and varchar: deterministic collations).
uint64_t HashKeyValue(KeyType type, const KeyValue& value, uint64_t seed);

// hash_combine64.
constexpr uint64_t HashCombine64(uint64_t a, uint64_t b) {
  return a ^ (b + 0x49A0F4DD15E5A8E3 + (a << 54) + (a >> 7));
}

// The row's partition hash; NULLs add nothing. As many types as values.
uint64_t PartitionHash(std::span<const KeyColumn> columns,
                       std::span<const KeyValue> key);

// The remainder that decides on the partition. modulus >= 1.
inline int HashPartition(std::span<const KeyColumn> columns,
                         std::span<const KeyValue> key, int modulus) {
  return static_cast<int>(PartitionHash(columns, key) %
                          static_cast<uint64_t>(modulus));
}

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_PG_HASH_H_
