// Lists of numbers as they stand in a message's body, read in place.
//
// Views: the body must outlive them. Any thread.
#ifndef PGBRAID_WIRE_NUMBER_LIST_H_
#define PGBRAID_WIRE_NUMBER_LIST_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/endian.h"
#include "wire/protocol.h"

namespace pgbraid::wire {

// Format codes (16 bits each).
class FormatList {
 public:
  FormatList() = default;
  explicit FormatList(std::string_view bytes) : bytes_(bytes) {}

  size_t size() const { return bytes_.size() / 2; }
  // `index` < size().
  int16_t operator[](size_t index) const {
    return static_cast<int16_t>(LoadBigEndian16(bytes_.data() + 2 * index));
  }
  // The format of the parameter or column `index` by the protocol's rule: no
  // codes means text for all, one code holds for all.
  int16_t FormatOf(size_t index) const {
    if (size() == 0) return kTextFormat;
    if (size() == 1) return (*this)[0];
    return index < size() ? (*this)[index] : kTextFormat;
  }
  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
};

// Object identifiers (32 bits each).
class OidList {
 public:
  OidList() = default;
  explicit OidList(std::string_view bytes) : bytes_(bytes) {}

  size_t size() const { return bytes_.size() / 4; }
  // `index` < size().
  Oid operator[](size_t index) const {
    return LoadBigEndian32(bytes_.data() + 4 * index);
  }
  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
};

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_NUMBER_LIST_H_
