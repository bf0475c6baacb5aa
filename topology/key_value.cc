#include "topology/key_value.h"

namespace pgbraid::topology {

std::string_view KeyValue::as_bytes() const {
  if (const UuidBytes* uuid = std::get_if<UuidBytes>(&rep_)) {
    return std::string_view(uuid->data(), uuid->size());
  }
  return std::get<std::string>(rep_);
}

std::strong_ordering KeyValue::operator<=>(const KeyValue& other) const {
  if (rep_.index() != other.rep_.index() || is_null()) {
    return rep_.index() <=> other.rep_.index();
  }
  if (is_int()) return as_int() <=> other.as_int();
  // char_traits<char> compares as unsigned bytes.
  return as_bytes().compare(other.as_bytes()) <=> 0;
}

}  // namespace pgbraid::topology
