// Unpredictable bytes, passed in so that tests can hold them.
#ifndef PGBRAID_WIRE_RANDOM_H_
#define PGBRAID_WIRE_RANDOM_H_

#include <cstddef>

namespace pgbraid::wire {

// Implementations are safe from any thread.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  // Fills `out` with `size` bytes; false if there is no randomness to be had,
  // and then nothing may be made of `out`.
  virtual bool Fill(char* out, size_t size) = 0;
};

// OpenSSL's generator.
class SystemRandom : public RandomSource {
 public:
  bool Fill(char* out, size_t size) override;
};

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_RANDOM_H_
