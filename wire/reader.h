// Reads the fields of one message's body in order.
//
// A view over the body, which must outlive it and whatever it returned. An
// error sticks: after the first, every Get gives zero or nothing and `Finish`
// reports that first one, so that a parser reads straight down and asks once.
// The words are those of PostgreSQL's pqformat.c; the SQLSTATE is 08P01.
#ifndef PGBRAID_WIRE_READER_H_
#define PGBRAID_WIRE_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/status.h"
#include "wire/endian.h"

namespace pgbraid::wire {

class MessageReader {
 public:
  explicit MessageReader(std::string_view body) : rest_(body) {}

  // Big-endian integers. Error: "insufficient data left in message".
  uint16_t GetInt16() {
    if (rest_.size() < 2) return Fail(Error::kInsufficient);
    const uint16_t value = LoadBigEndian16(rest_.data());
    rest_.remove_prefix(2);
    return value;
  }
  uint32_t GetInt32() {
    if (rest_.size() < 4) return Fail(Error::kInsufficient);
    const uint32_t value = LoadBigEndian32(rest_.data());
    rest_.remove_prefix(4);
    return value;
  }

  // Error: "no data left in message".
  char GetByte() {
    if (rest_.empty()) return static_cast<char>(Fail(Error::kNoData));
    const char value = rest_[0];
    rest_.remove_prefix(1);
    return value;
  }

  // Up to the terminating NUL, which is taken too. Error: "invalid string in
  // message", as PostgreSQL says of one without its end.
  std::string_view GetCString() {
    const void* end =
        rest_.empty() ? nullptr : std::memchr(rest_.data(), 0, rest_.size());
    if (end == nullptr) {
      Fail(Error::kUnterminated);
      return {};
    }
    const size_t size = static_cast<const char*>(end) - rest_.data();
    const std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    return value;
  }

  std::string_view GetBytes(size_t size) {
    if (rest_.size() < size) {
      Fail(Error::kInsufficient);
      return {};
    }
    const std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }

  // Everything that is left.
  std::string_view GetRest() { return GetBytes(rest_.size()); }

  // What was not read yet; empty after an error.
  std::string_view rest() const { return rest_; }
  bool ok() const { return error_ == Error::kNone; }

  // The first error; "invalid message format" if there was none but bytes are
  // left over.
  Status Finish() const {
    if (error_ == Error::kNone && rest_.empty()) [[likely]] {
      return OkStatus();
    }
    return MakeError();
  }
  // The first error, whatever is left over.
  Status status() const {
    return error_ == Error::kNone ? OkStatus() : MakeError();
  }

 private:
  enum class Error : uint8_t {
    kNone,
    kInsufficient,
    kNoData,
    kUnterminated,
  };

  uint8_t Fail(Error error) {
    if (error_ == Error::kNone) error_ = error;
    rest_ = {};
    return 0;
  }
  Status MakeError() const;

  std::string_view rest_;
  Error error_ = Error::kNone;
};

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_READER_H_
