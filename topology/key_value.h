// One value of a distribution key, in the form that hashing and comparing use.
//
// A value does not know its type; whoever holds it knows the column. Plain
// value, any thread. Only text longer than 15 bytes allocates.
#ifndef PGBRAID_TOPOLOGY_KEY_VALUE_H_
#define PGBRAID_TOPOLOGY_KEY_VALUE_H_

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace pgbraid::topology {

class KeyValue {
 public:
  using UuidBytes = std::array<char, 16>;

  // NULL.
  KeyValue() = default;
  static KeyValue Null() { return KeyValue(); }
  // int2, int4, int8: the number. date: days since 2000-01-01. timestamp:
  // microseconds since 2000-01-01 00:00:00; timestamptz: the same, UTC.
  static KeyValue Int(int64_t value) { return KeyValue(Rep(value)); }
  // text, varchar: the bytes in the server's encoding (UTF-8).
  static KeyValue Text(std::string bytes) {
    return KeyValue(Rep(std::move(bytes)));
  }
  static KeyValue Uuid(const UuidBytes& bytes) { return KeyValue(Rep(bytes)); }

  bool is_null() const { return std::holds_alternative<NullRep>(rep_); }
  bool is_int() const { return std::holds_alternative<int64_t>(rep_); }
  // For is_int() values only.
  int64_t as_int() const { return std::get<int64_t>(rep_); }
  // For text and uuid values only. Valid as long as the value is.
  std::string_view as_bytes() const;

  // NULL is equal to NULL here and comes first; numbers by value; bytes as
  // memcmp. Only values of one type family are worth comparing.
  bool operator==(const KeyValue&) const = default;
  std::strong_ordering operator<=>(const KeyValue& other) const;

 private:
  struct NullRep {
    bool operator==(const NullRep&) const = default;
  };
  using Rep = std::variant<NullRep, int64_t, UuidBytes, std::string>;
  explicit KeyValue(Rep rep) : rep_(std::move(rep)) {}

  Rep rep_;
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_KEY_VALUE_H_
