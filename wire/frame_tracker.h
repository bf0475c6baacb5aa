// Knows where messages begin and end in a stream of bytes that is passed on as
// it comes, whatever its pieces.
//
// A value; one thread at a time.
#ifndef PGBRAID_WIRE_FRAME_TRACKER_H_
#define PGBRAID_WIRE_FRAME_TRACKER_H_

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "wire/endian.h"
#include "wire/frame.h"

namespace pgbraid::wire {

class FrameTracker {
 public:
  // The next bytes of the stream.
  void Feed(std::string_view bytes) {
    while (!bytes.empty() && !lost_) {
      if (missing_ > 0) {
        const size_t part = std::min(missing_, bytes.size());
        missing_ -= part;
        bytes.remove_prefix(part);
        continue;
      }
      header_[header_bytes_++] = bytes.front();
      bytes.remove_prefix(1);
      if (header_bytes_ < kFrameHeaderBytes) continue;
      const uint32_t length = LoadBigEndian32(header_ + 1);
      lost_ = length < kMinMessageLength;
      missing_ = lost_ ? 0 : length - kMinMessageLength;
      header_bytes_ = 0;
    }
  }

  // All messages so far are whole: another one may be put in here. False for
  // ever once a length was impossible.
  bool at_boundary() const {
    return missing_ == 0 && header_bytes_ == 0 && !lost_;
  }

 private:
  size_t missing_ = 0;  // of the message whose header has been read
  size_t header_bytes_ = 0;
  char header_[kFrameHeaderBytes] = {};
  bool lost_ = false;
};

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_FRAME_TRACKER_H_
