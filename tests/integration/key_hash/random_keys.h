// Random texts of key values: canonical ones, and ones that are almost so.
//
// One thread. The same seed makes the same texts.
#ifndef PGBRAID_TESTS_INTEGRATION_KEY_HASH_RANDOM_KEYS_H_
#define PGBRAID_TESTS_INTEGRATION_KEY_HASH_RANDOM_KEYS_H_

#include <cstdint>
#include <random>
#include <string>

#include "topology/key_type.h"

namespace pgbraid {

class RandomKeys {
 public:
  explicit RandomKeys(uint64_t seed) : engine_(seed) {}

  // A number from low to high, both included.
  int64_t Number(int64_t low, int64_t high);
  bool OneIn(int n) { return Number(1, n) == 1; }

  // A text that key_parse.h reads as this type in every session: numbers of
  // all magnitudes, edges among them; UTF-8 text of 0 to 2,000 characters;
  // times of the years 1 to 9999, timestamptz with an offset.
  std::string Canonical(topology::KeyType type);
  // A canonical text of this or a near type with up to three random changes.
  std::string Near(topology::KeyType type);

 private:
  std::string Integer(int bits);
  std::string Text();
  std::string Uuid();
  std::string Date();
  std::string Time();
  std::string Offset();
  void Change(std::string* text);

  std::mt19937_64 engine_;
};

}  // namespace pgbraid

#endif  // PGBRAID_TESTS_INTEGRATION_KEY_HASH_RANDOM_KEYS_H_
