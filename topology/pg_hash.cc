#include "topology/pg_hash.h"

#include <bit>
#include <cstring>

#include "base/check.h"

namespace pgbraid::topology {
namespace {

static_assert(std::endian::native == std::endian::little,
              "words are loaded as little-endian servers do");

// The three words of lookup3's state.
struct State {
  uint32_t a, b, c;

  State(uint32_t length, uint64_t seed) {
    a = b = c = 0x9e3779b9 + length + 3923095;
    if (seed == 0) return;
    a += static_cast<uint32_t>(seed >> 32);
    b += static_cast<uint32_t>(seed);
    Mix();
  }

  void Mix() {
    // clang-format off
    a -= c;  a ^= std::rotl(c, 4);   c += b;
    b -= a;  b ^= std::rotl(a, 6);   a += c;
    c -= b;  c ^= std::rotl(b, 8);   b += a;
    a -= c;  a ^= std::rotl(c, 16);  c += b;
    b -= a;  b ^= std::rotl(a, 19);  a += c;
    c -= b;  c ^= std::rotl(b, 4);   b += a;
    // clang-format on
  }

  uint64_t Final() {
    // clang-format off
    c ^= b;  c -= std::rotl(b, 14);
    a ^= c;  a -= std::rotl(c, 11);
    b ^= a;  b -= std::rotl(a, 25);
    c ^= b;  c -= std::rotl(b, 16);
    a ^= c;  a -= std::rotl(c, 4);
    b ^= a;  b -= std::rotl(a, 14);
    c ^= b;  c -= std::rotl(b, 24);
    // clang-format on
    return uint64_t{b} << 32 | c;
  }
};

uint32_t LoadWord(const char* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

}  // namespace

uint64_t HashBytesExtended(std::string_view bytes, uint64_t seed) {
  State state(static_cast<uint32_t>(bytes.size()), seed);
  while (bytes.size() >= 12) {
    state.a += LoadWord(bytes.data());
    state.b += LoadWord(bytes.data() + 4);
    state.c += LoadWord(bytes.data() + 8);
    state.Mix();
    bytes.remove_prefix(12);
  }
  // The last 0 to 11 bytes. c's lowest byte is left to the length, which the
  // state began with.
  char tail[13] = {};
  size_t in_ab = bytes.size() < 8 ? bytes.size() : 8;
  std::memcpy(tail, bytes.data(), in_ab);
  std::memcpy(tail + 9, bytes.data() + in_ab, bytes.size() - in_ab);
  state.a += LoadWord(tail);
  state.b += LoadWord(tail + 4);
  state.c += LoadWord(tail + 8);
  return state.Final();
}

uint64_t HashUint32Extended(uint32_t value, uint64_t seed) {
  State state(sizeof(value), seed);
  state.a += value;
  return state.Final();
}

uint64_t HashInt8Extended(int64_t value, uint64_t seed) {
  uint32_t low = static_cast<uint32_t>(value);
  uint32_t high = static_cast<uint32_t>(static_cast<uint64_t>(value) >> 32);
  return HashUint32Extended(low ^ (value >= 0 ? high : ~high), seed);
}

uint64_t HashKeyValue(KeyType type, const KeyValue& value, uint64_t seed) {
  PGB_CHECK(!value.is_null());
  switch (type) {
    case KeyType::kText:
    case KeyType::kVarchar:
    case KeyType::kUuid:
      return HashBytesExtended(value.as_bytes(), seed);
    case KeyType::kInt2:
    case KeyType::kInt4:
    case KeyType::kDate:
      return HashUint32Extended(static_cast<uint32_t>(value.as_int()), seed);
    case KeyType::kInt8:
    case KeyType::kTimestamp:
    case KeyType::kTimestamptz:
      return HashInt8Extended(value.as_int(), seed);
  }
  PGB_CHECK(false);
}

uint64_t PartitionHash(std::span<const KeyColumn> columns,
                       std::span<const KeyValue> key) {
  PGB_CHECK(columns.size() == key.size());
  uint64_t hash = 0;
  for (size_t i = 0; i < key.size(); ++i) {
    if (key[i].is_null()) continue;
    hash = HashCombine64(
        hash, HashKeyValue(columns[i].type, key[i], kHashPartitionSeed));
  }
  return hash;
}

}  // namespace pgbraid::topology
