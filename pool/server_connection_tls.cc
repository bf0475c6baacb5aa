// How a server connection becomes encrypted, before the startup packet.

#include <memory>
#include <string>
#include <utility>

#include "pool/server_connection.h"
#include "wire/startup.h"

namespace pgbraid::pool {

net::Task<Status> ServerConnection::Encrypt(TimePoint deadline) {
  const std::shared_ptr<const ServerTls>& tls = target_.login.tls;
  if (tls == nullptr || tls->mode() == ServerTls::Mode::kDisable ||
      target_.address.is_unix()) {
    co_return OkStatus();
  }
  std::string request;
  wire::AppendSslRequest(&request);
  stream->Send(request);
  std::string answer;
  while (answer.empty()) {
    net::Stream::Received received = stream->Receive();
    answer = received.data;
    if (received.state == net::Stream::State::kData) break;
    bool waiting = received.state == net::Stream::State::kPending;
    if (waiting) waiting = co_await waiter_.Wait(deadline);
    if (!waiting) co_return Lost("did not answer when asked for TLS");
  }
  if (answer == "N") {
    if (tls->mode() == ServerTls::Mode::kPrefer) co_return OkStatus();
    co_return Lost("does not support TLS, which --server_tls demands");
  }
  // One byte, and nothing behind it that could pass for encrypted.
  if (answer != "S") co_return Lost("gave an unexpected answer about TLS");
  auto session =
      std::make_unique<net::TlsSession>(tls->context(), target_.address.host);
  Status status =
      co_await stream->StartTls(std::move(session), std::string(), deadline);
  if (!status.ok()) co_return Lost("failed: " + MessageOf(status));
  co_return OkStatus();
}

}  // namespace pgbraid::pool
