// What comes before a startup packet, and the packet itself: encryption is
// asked for and begun here, and cancel requests end here.

#include <cstdio>
#include <utility>

#include "router/session.h"
#include "wire/frame.h"
#include "wire/frontend.h"

namespace pgbraid::router {
namespace {

// The first byte of a TLS handshake; no startup packet is that long.
constexpr char kTlsHandshake = 0x16;

}  // namespace

net::Task<bool> Session::ReadStartup(std::string* packet, TimePoint deadline) {
  for (;;) {
    if (AsksForTlsDirectly()) {
      bool encrypted = co_await StartTls(true, deadline);
      if (!encrypted) co_return false;
      continue;
    }
    wire::Frame frame;
    wire::FrameStatus status = wire::NextStartupFrame(client_.input(), &frame);
    if (status == wire::FrameStatus::kMalformed) {
      Fatal(wire::StartupFrameError());
      co_return false;
    }
    if (status == wire::FrameStatus::kComplete) {
      *packet = std::string(frame.body);
      client_.Consume(frame.bytes.size());
      co_return true;
    }
    if (client_.Fill()) continue;
    if (client_.at_end()) co_return false;
    client_.Keep();
    bool notified = co_await client_.waiter()->Wait(deadline);
    if (!notified) co_return false;
  }
}

net::Task<bool> Session::AwaitStartup(std::string* packet, TimePoint deadline) {
  bool asked_for_tls = false;
  bool asked_for_gss = false;
  for (;;) {
    bool read = co_await ReadStartup(packet, deadline);
    if (!read) co_return false;
    switch (wire::StartupKindOf(*packet)) {
      case wire::StartupKind::kStartup:
        if (MissesTls()) co_return false;
        co_return true;
      case wire::StartupKind::kCancelRequest: {
        wire::CancelRequest request;
        if (wire::ParseCancelRequest(*packet, &request).ok()) {
          worker_->forward_cancel(request.process, std::string(request.key));
        }
        co_return false;
      }
      case wire::StartupKind::kSslRequest:
        // Asked again, it counts as a startup packet of an unknown version.
        if (std::exchange(asked_for_tls, true)) co_return true;
        if (worker_->options().tls == nullptr) {
          client_.Send("N");
          continue;
        }
        read = co_await StartTls(false, deadline);
        if (!read) co_return false;
        continue;
      case wire::StartupKind::kGssEncRequest:
        if (std::exchange(asked_for_gss, true)) co_return true;
        client_.Send("N");
        continue;
    }
  }
}

bool Session::AsksForTlsDirectly() const {
  return worker_->options().tls != nullptr && !client_.encrypted() &&
         client_.input().starts_with(kTlsHandshake);
}

net::Task<bool> Session::StartTls(bool directly, TimePoint deadline) {
  if (!directly) {
    // Whoever puts bytes behind the request, in clear text, wants them to be
    // taken for what came encrypted.
    if (!client_.input().empty()) {
      Fatal(SqlError(sqlstate::kProtocolViolation,
                     "received unencrypted data after SSL request",
                     "This could be either a client-software bug or evidence "
                     "of an attempted man-in-the-middle attack."));
      co_return false;
    }
    client_.Send("S");
  }
  Status status = co_await client_.StartTls(worker_->options().tls, deadline);
  if (!status.ok()) {
    std::fprintf(stderr, "pgbraid: %s: %s\n", client_.peer_name().c_str(),
                 MessageOf(status).c_str());
    co_return false;
  }
  if (directly && !client_.has_protocol()) {
    Fatal(SqlError(sqlstate::kProtocolViolation,
                   "received direct SSL connection request without ALPN "
                   "protocol negotiation extension"));
    co_return false;
  }
  co_return true;
}

bool Session::MissesTls() {
  const RouterOptions& options = worker_->options();
  if (!options.require_tls || client_.encrypted() ||
      options.listen.host.starts_with('/')) {
    return false;
  }
  Fatal(SqlError(sqlstate::kInvalidAuthorization,
                 "the connection is not encrypted",
                 "pgbraid was started with --client_tls=require.",
                 "Connect with sslmode=require."));
  return true;
}

}  // namespace pgbraid::router
