// Cuts a byte stream into messages:
//
//   frame   := type(1) length(4) body        length counts itself and the body
//   startup := length(4) body                the first packet of a client
//
// Pure functions over views; nothing is copied or kept. What they return points
// into the input. Any thread.
#ifndef PGBRAID_WIRE_FRAME_H_
#define PGBRAID_WIRE_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "wire/endian.h"
#include "wire/protocol.h"

namespace pgbraid::wire {

inline constexpr size_t kFrameHeaderBytes = 5;
inline constexpr size_t kStartupHeaderBytes = 4;

// A whole message. `type` is 0 for a startup packet.
struct Frame {
  char type = 0;
  std::string_view body;
  std::string_view bytes;  // header and body
};

// What the first bytes of a message tell.
struct FrameHeader {
  char type = 0;
  size_t total = 0;  // bytes of the whole message, its header included
};

enum class FrameStatus : uint8_t {
  kComplete,
  kNeedMore,   // BytesMissing() says how much
  kMalformed,  // FrameError() says why; the stream can't be read further
};

// The greatest length for each type byte; 0 for a type that may not come.
struct FrameLimits {
  uint32_t max_length[256] = {};
  bool from_backend = false;
};

namespace internal {

constexpr void Allow(FrameLimits* limits, std::string_view types,
                     uint32_t max_length) {
  for (const char type : types) {
    limits->max_length[static_cast<uint8_t>(type)] = max_length;
  }
}

constexpr FrameLimits MakeFrontendLimits() {
  FrameLimits limits;
  Allow(&limits, "QPBFd", kLargeMessageLimit);
  Allow(&limits, "CDEHSXcf", kSmallMessageLimit);
  return limits;
}

constexpr FrameLimits MakeFrontendLoginLimits() {
  FrameLimits limits;
  Allow(&limits, "p", kPasswordMessageLimit);
  Allow(&limits, "X", kSmallMessageLimit);
  return limits;
}

constexpr FrameLimits MakeBackendLimits() {
  FrameLimits limits;
  limits.from_backend = true;
  Allow(&limits, "TDdVENAtSCv", kLargeMessageLimit);
  Allow(&limits, "RWGH", kLargeMessageLimit);
  Allow(&limits, "K", 8 + kMaxCancelKeyBytes);
  Allow(&limits, "Z", 5);
  Allow(&limits, "123Incs", kMinMessageLength);
  return limits;
}

}  // namespace internal

// What a client may send after its login, with PostgreSQL's own limits.
inline constexpr FrameLimits kFrontendLimits = internal::MakeFrontendLimits();
// What a client may send while it logs in (after the startup packet).
inline constexpr FrameLimits kFrontendLoginLimits =
    internal::MakeFrontendLoginLimits();
// What a server may send at any time.
inline constexpr FrameLimits kBackendLimits = internal::MakeBackendLimits();

// Reads the header alone, so that a large message can be relayed while it
// arrives: kComplete means that `*header` is known, not that the message is
// here.
inline FrameStatus PeekHeader(std::string_view input, const FrameLimits& limits,
                              FrameHeader* header) {
  if (input.size() < kFrameHeaderBytes) [[unlikely]] {
    return input.empty() ||
                   limits.max_length[static_cast<uint8_t>(input[0])] != 0
               ? FrameStatus::kNeedMore
               : FrameStatus::kMalformed;
  }
  const uint32_t length = LoadBigEndian32(input.data() + 1);
  if (length < kMinMessageLength ||
      length > limits.max_length[static_cast<uint8_t>(input[0])]) [[unlikely]] {
    return FrameStatus::kMalformed;
  }
  header->type = input[0];
  header->total = size_t{length} + 1;
  return FrameStatus::kComplete;
}

// Reads the whole message at the front of `input`.
inline FrameStatus NextFrame(std::string_view input, const FrameLimits& limits,
                             Frame* frame) {
  FrameHeader header;
  const FrameStatus status = PeekHeader(input, limits, &header);
  if (status != FrameStatus::kComplete) [[unlikely]] {
    return status;
  }
  if (input.size() < header.total) return FrameStatus::kNeedMore;
  frame->type = header.type;
  frame->bytes = std::string_view(input.data(), header.total);
  frame->body = std::string_view(input.data() + kFrameHeaderBytes,
                                 header.total - kFrameHeaderBytes);
  return FrameStatus::kComplete;
}

// Reads a packet without a type byte: startup, SSLRequest, GSSENCRequest or
// CancelRequest. Its body begins with the code. Malformed if its length is not
// within kMinStartupLength and kMaxStartupLength.
inline FrameStatus NextStartupFrame(std::string_view input, Frame* frame) {
  if (input.size() < kStartupHeaderBytes) return FrameStatus::kNeedMore;
  const uint32_t length = LoadBigEndian32(input.data());
  if (length < kMinStartupLength || length > kMaxStartupLength) {
    return FrameStatus::kMalformed;
  }
  if (input.size() < length) return FrameStatus::kNeedMore;
  frame->type = 0;
  frame->bytes = input.substr(0, length);
  frame->body = frame->bytes.substr(kStartupHeaderBytes);
  return FrameStatus::kComplete;
}

// How many bytes are missing until more can be said of the message at the front
// of `input`: the rest of its header, or else of the message; 0 if it is whole.
// Only for input that was not malformed.
inline size_t BytesMissing(std::string_view input) {
  if (input.size() < kFrameHeaderBytes) return kFrameHeaderBytes - input.size();
  const size_t total = size_t{LoadBigEndian32(input.data() + 1)} + 1;
  return input.size() < total ? total - input.size() : 0;
}

// Why PeekHeader or NextFrame called `input` malformed, in PostgreSQL's words
// (08P01): "invalid frontend message type 65", "invalid message length".
Status FrameError(std::string_view input, const FrameLimits& limits);

// The same for NextStartupFrame: "invalid length of startup packet".
Status StartupFrameError();

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_FRAME_H_
