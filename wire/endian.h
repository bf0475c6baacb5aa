// Integers in network byte order, at any alignment.
#ifndef PGBRAID_WIRE_ENDIAN_H_
#define PGBRAID_WIRE_ENDIAN_H_

#include <cstdint>
#include <cstring>

namespace pgbraid::wire {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

inline uint16_t LoadBigEndian16(const char* from) {
  uint16_t value;
  std::memcpy(&value, from, sizeof(value));
  return __builtin_bswap16(value);
}

inline uint32_t LoadBigEndian32(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return __builtin_bswap32(value);
}

inline void StoreBigEndian16(uint16_t value, char* to) {
  value = __builtin_bswap16(value);
  std::memcpy(to, &value, sizeof(value));
}

inline void StoreBigEndian32(uint32_t value, char* to) {
  value = __builtin_bswap32(value);
  std::memcpy(to, &value, sizeof(value));
}

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_ENDIAN_H_
