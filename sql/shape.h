// An owned copy of a text's shape: what a cache keeps to compare with.
//
// Holds the bytes outside of the literals, never the literals' values.
// Immutable after construction; any thread.
#ifndef PGBRAID_SQL_SHAPE_H_
#define PGBRAID_SQL_SHAPE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sql/fingerprint.h"

namespace pgbraid::sql {

class Shape {
 public:
  // `fingerprint` must be ok and made from `text`.
  Shape(std::string_view text, const Fingerprint& fingerprint);

  // As SameShape.
  bool Matches(std::string_view text, const Fingerprint& fingerprint) const;

  // Memory on the heap, in bytes.
  size_t HeapBytes() const;

 private:
  struct Place {
    uint32_t offset;  // in outside_: where the literal was cut out
    LiteralKind kind;
  };
  std::string outside_;
  std::vector<Place> literals_;
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_SHAPE_H_
