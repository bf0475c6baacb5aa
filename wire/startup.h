// The first packet of a connection, read by the router as a server and written
// by it as a client:
//
//   startup := version(4) { name NUL value NUL }* NUL
//   cancel  := 80877102(4) process(4) key(4..256)
//   ssl     := 80877103(4)      gssenc := 80877104(4)
//
// Pure functions; what they return points into the body. Any thread. The rules
// and words are those of PostgreSQL's ProcessStartupPacket.
#ifndef PGBRAID_WIRE_STARTUP_H_
#define PGBRAID_WIRE_STARTUP_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "base/status.h"
#include "wire/protocol.h"

namespace pgbraid::wire {

enum class StartupKind : uint8_t {
  kStartup,
  kCancelRequest,
  kSslRequest,
  kGssEncRequest,
};

// What kind of packet a startup frame's body is, by its code. Every code that
// is none of the three requests is taken for a protocol version.
StartupKind StartupKindOf(std::string_view body);

using StartupParameter = std::pair<std::string_view, std::string_view>;

struct StartupPacket {
  uint32_t version = 0;
  // In the packet's order, with user, database, options, replication and
  // client_encoding; without the `_pq_.` ones.
  absl::InlinedVector<StartupParameter, 8> parameters;
  // Protocol options (`_pq_.name`); none is known to pgbraid.
  absl::InlinedVector<StartupParameter, 1> protocol_options;

  // The last value given for `name`, or empty.
  std::string_view Find(std::string_view name) const;
  std::string_view user() const { return Find("user"); }
  // Defaults to the user's name.
  std::string_view database() const;

  // A newer minor version or any protocol option asks for one
  // NegotiateProtocolVersion (AppendNegotiation), then the login goes on.
  bool needs_negotiation() const {
    return ProtocolMinor(version) > 0 || !protocol_options.empty();
  }
};

// Errors, all of them FATAL:
//   0A000 a major version other than 3
//   08P01 a layout that does not end in its terminator
//   28000 no user name
Status ParseStartup(std::string_view body, StartupPacket* packet);

// What the parameter `replication` asks for.
enum class Replication : uint8_t {
  kNone,
  kPhysical,  // of the whole server; speaks replication commands only
  kLogical,   // `database`: of one database; speaks SQL too
};

// As PostgreSQL reads it: "database", or a boolean in any of its spellings.
// Error 22023 for anything else.
StatusOr<Replication> ReplicationOf(const StartupPacket& packet);

// The answer that needs_negotiation() asks for.
void AppendNegotiation(const StartupPacket& packet, std::string* out);

struct CancelRequest {
  uint32_t process = 0;
  std::string_view key;  // kMinCancelKeyBytes to kMaxCancelKeyBytes
};

// Error 08P01: "invalid length of cancel request".
Status ParseCancelRequest(std::string_view body, CancelRequest* request);

// Protocol 3.0, the parameters in order. Names must not be empty.
void AppendStartup(std::span<const StartupParameter> parameters,
                   std::string* out);
void AppendCancelRequest(const CancelRequest& request, std::string* out);
void AppendSslRequest(std::string* out);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_STARTUP_H_
