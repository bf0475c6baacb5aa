#include "wire/random.h"

#include <openssl/rand.h>

#include <climits>

namespace pgbraid::wire {

bool SystemRandom::Fill(char* out, size_t size) {
  return size <= INT_MAX && RAND_bytes(reinterpret_cast<unsigned char*>(out),
                                       static_cast<int>(size)) == 1;
}

}  // namespace pgbraid::wire
