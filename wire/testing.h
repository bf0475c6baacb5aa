// What the tests of wire/ share.
#ifndef PGBRAID_WIRE_TESTING_H_
#define PGBRAID_WIRE_TESTING_H_

#include <cstring>
#include <string>
#include <string_view>

#include "base/status.h"
#include "gtest/gtest.h"
#include "wire/frame.h"
#include "wire/random.h"

namespace pgbraid::wire {

// A literal with its NUL bytes.
template <size_t size>
std::string_view Raw(const char (&text)[size]) {
  return std::string_view(text, size - 1);
}

// The body of the one message that `bytes` holds; fails the test if it is
// another type, cut short or followed by anything.
inline std::string_view BodyOf(std::string_view bytes, char type,
                               const FrameLimits& limits) {
  Frame frame;
  EXPECT_EQ(NextFrame(bytes, limits, &frame), FrameStatus::kComplete);
  EXPECT_EQ(frame.bytes.size(), bytes.size());
  EXPECT_EQ(frame.type, type);
  return frame.body;
}

inline void ExpectError(const Status& status, std::string_view sqlstate,
                        std::string_view message) {
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(SqlStateOf(status), sqlstate);
  EXPECT_EQ(MessageOf(status), message);
}

inline void ExpectViolation(const Status& status, std::string_view message) {
  ExpectError(status, sqlstate::kProtocolViolation, message);
}

// Calls `parse(prefix)` for each proper prefix of `body`, in a buffer of its
// own so that a sanitiser sees reads past its end, and expects an error.
template <class Parse>
void ExpectEveryCutFails(std::string_view body, Parse parse) {
  for (size_t size = 0; size < body.size(); ++size) {
    const std::string prefix(body.substr(0, size));
    const Status status = parse(std::string_view(prefix));
    EXPECT_FALSE(status.ok()) << "cut after " << size << " bytes";
    if (!status.ok()) {
      EXPECT_EQ(SqlStateOf(status), sqlstate::kProtocolViolation);
    }
  }
}

// Gives the same byte over and over, or nothing.
class FixedRandom : public RandomSource {
 public:
  explicit FixedRandom(char byte, bool works = true)
      : byte_(byte), works_(works) {}
  bool Fill(char* out, size_t size) override {
    std::memset(out, byte_, size);
    return works_;
  }

 private:
  const char byte_;
  const bool works_;
};

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_TESTING_H_
