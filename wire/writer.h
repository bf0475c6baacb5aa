// Appends messages to a string.
//
//   MessageWriter writer(&out);
//   writer.Begin(frontend_type::kQuery);
//   writer.PutCString("select 1");
//   writer.End();
//
// Borrows the string, which must outlive it and is touched by nobody else
// between Begin and End. Same thread as the string.
#ifndef PGBRAID_WIRE_WRITER_H_
#define PGBRAID_WIRE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/endian.h"
#include "wire/frame.h"

namespace pgbraid::wire {

class MessageWriter {
 public:
  explicit MessageWriter(std::string* out) : out_(out) {}

  // Starts a message; the length is filled in by End().
  void Begin(char type) {
    char header[kFrameHeaderBytes] = {type};
    length_at_ = out_->size() + 1;
    out_->append(header, sizeof(header));
  }
  // Starts a packet without a type byte.
  void BeginStartup() {
    const char header[kStartupHeaderBytes] = {};
    length_at_ = out_->size();
    out_->append(header, sizeof(header));
  }
  void End() { End(0); }
  // Ends a message of which `bytes_to_follow` bytes will be sent separately.
  void End(size_t bytes_to_follow) {
    const size_t length = out_->size() - length_at_ + bytes_to_follow;
    PGB_CHECK(length <= INT32_MAX);
    StoreBigEndian32(static_cast<uint32_t>(length), out_->data() + length_at_);
  }

  void PutByte(char value) { out_->push_back(value); }
  void PutInt16(uint16_t value) {
    char bytes[2];
    StoreBigEndian16(value, bytes);
    out_->append(bytes, sizeof(bytes));
  }
  void PutInt32(uint32_t value) {
    char bytes[4];
    StoreBigEndian32(value, bytes);
    out_->append(bytes, sizeof(bytes));
  }
  void PutBytes(std::string_view value) { out_->append(value); }
  // A string and its NUL. What follows a NUL inside `value` is left out: the
  // peer would take it for the next field.
  void PutCString(std::string_view value) {
    out_->append(value.substr(0, value.find('\0')));
    out_->push_back('\0');
  }

 private:
  std::string* const out_;
  size_t length_at_ = 0;
};

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_WRITER_H_
