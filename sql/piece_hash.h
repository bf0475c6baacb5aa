// The hash under a fingerprint: 64 bits over pieces of text, seeded.
//
// A multiply-and-fold over blocks of 16 bytes, after the idea of wyhash: about
// 0.2 ns a byte, and each bit of the input reaches all bits. No
// cryptography: whoever knows the seed can make texts that collide, so the seed
// stays in the process and equal hashes are never taken for equal texts.
//
// Owned by one thread while it is fed. Inside sql/ only.
#ifndef PGBRAID_SQL_PIECE_HASH_H_
#define PGBRAID_SQL_PIECE_HASH_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace pgbraid::sql {

inline uint64_t Load64(const char* p) {
  uint64_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

inline uint64_t Load32(const char* p) {
  uint32_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

// Multiplies to 128 bits and folds: every bit of the input reaches all bits.
inline uint64_t Fold(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// A hash over pieces of text, each closed with a tag. Its keys come from the
// seed, so that no text can be made that multiplies with zero on purpose.
class PieceHash {
 public:
  explicit PieceHash(uint64_t seed)
      : key_a_(Fold(seed ^ 0x8f1bbcdcbfa53e0bu, 0x9e3779b97f4a7c15u) | 1),
        key_b_(seed ^ 0x6a09e667f3bcc909u),
        state_(seed) {}

  void Add(const char* p, size_t size, uint64_t tag) {
    uint64_t state = state_ ^ (size << 8) ^ tag;
    size_t left = size;
    for (; left > 16; left -= 16, p += 16) {
      state = Fold(Load64(p) ^ key_a_, Load64(p + 8) ^ key_b_ ^ state);
    }
    uint64_t first = 0;
    uint64_t last = 0;
    if (left >= 8) {
      first = Load64(p);
      last = Load64(p + left - 8);
    } else if (left >= 4) {
      first = Load32(p);
      last = Load32(p + left - 4);
    } else if (left > 0) {
      first = static_cast<uint8_t>(p[0]) |
              static_cast<uint64_t>(static_cast<uint8_t>(p[left / 2])) << 8 |
              static_cast<uint64_t>(static_cast<uint8_t>(p[left - 1])) << 16;
    }
    state_ = Fold(first ^ key_a_, last ^ key_b_ ^ state);
  }

  uint64_t Finish() const {
    return Fold(state_ ^ key_a_, 0xa0761d6478bd642fu ^ key_b_);
  }

 private:
  const uint64_t key_a_;
  const uint64_t key_b_;
  uint64_t state_;
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_PIECE_HASH_H_
