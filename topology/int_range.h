// The bounds of a range of numbers, both ends included. All key types but text
// and uuid are whole numbers, so that `> 4` is the same as `>= 5`.
//
// Plain value; any thread. Internal to topology/.
#ifndef PGBRAID_TOPOLOGY_INT_RANGE_H_
#define PGBRAID_TOPOLOGY_INT_RANGE_H_

#include <cstdint>
#include <limits>

#include "topology/placement.h"

namespace pgbraid::topology {

struct IntRange {
  int64_t first = std::numeric_limits<int64_t>::min();
  int64_t last = std::numeric_limits<int64_t>::max();
  bool empty = false;

  // Null: no bound there. The bounds hold numbers.
  static IntRange Between(const KeyBound* lower, const KeyBound* upper) {
    IntRange range;
    if (lower != nullptr) {
      range.first = lower->value.as_int();
      if (!lower->inclusive) {
        if (range.first == std::numeric_limits<int64_t>::max()) {
          range.empty = true;
        } else {
          ++range.first;
        }
      }
    }
    if (upper != nullptr) {
      range.last = upper->value.as_int();
      if (!upper->inclusive) {
        if (range.last == std::numeric_limits<int64_t>::min()) {
          range.empty = true;
        } else {
          --range.last;
        }
      }
    }
    if (range.first > range.last) range.empty = true;
    return range;
  }
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_INT_RANGE_H_
