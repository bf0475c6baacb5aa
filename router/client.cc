#include "router/client.h"

#include <utility>

#include "wire/backend.h"

namespace pgbraid::router {
namespace {

constexpr Duration kLinger = std::chrono::seconds(2);
constexpr size_t kReserveFrom = 1 << 20;

}  // namespace

bool Client::Fill() {
  // The next Receive() of any stream overwrites the reactor's buffer.
  if (!input_.empty()) Keep();
  net::Stream::Received received = stream_->Receive();
  switch (received.state) {
    case net::Stream::State::kData:
      break;
    case net::Stream::State::kPending:
      return false;
    case net::Stream::State::kEof:
    case net::Stream::State::kBroken:
      at_end_ = true;
      return false;
  }
  if (input_.empty()) {
    input_ = received.data;
    return true;
  }
  size_t at = static_cast<size_t>(input_.data() - kept_.data());
  kept_.erase(0, at);
  kept_.append(received.data);
  input_ = kept_;
  return true;
}

void Client::Reserve(size_t bytes) {
  // Only once a good part of it is there: a header alone costs nothing.
  if (input_.size() < kReserveFrom) return;
  Keep();
  size_t at = static_cast<size_t>(input_.data() - kept_.data());
  if (kept_.capacity() >= at + bytes) return;
  kept_.reserve(at + bytes);
  input_ = std::string_view(kept_).substr(at);
}

void Client::Keep() {
  if (input_.empty()) {
    // An idle client holds no memory for what it once sent.
    if (kept_.capacity() > sizeof(kept_)) std::string().swap(kept_);
    kept_.clear();
    input_ = {};
    return;
  }
  const char* begin = kept_.data();
  if (input_.data() >= begin && input_.data() < begin + kept_.size()) return;
  kept_.assign(input_);
  input_ = kept_;
}

void Client::SendError(const Status& status, wire::Severity severity) {
  std::string message;
  wire::AppendErrorResponse(status, severity, &message);
  stream_->Send(message);
}

void Client::SendReady(wire::TransactionStatus status) {
  std::string message;
  wire::AppendReadyForQuery(status, &message);
  stream_->Send(message);
}

net::Task<Status> Client::StartTls(
    std::shared_ptr<const net::TlsContext> context, TimePoint deadline) {
  std::string early(input_);
  input_ = {};
  auto session = std::make_unique<net::TlsSession>(std::move(context));
  Status status = co_await stream_->StartTls(std::move(session),
                                             std::move(early), deadline);
  co_return status;
}

void Client::CloseAfterSending() {
  stream_->Attach(nullptr);
  net::Stream::CloseAfterSending(std::move(stream_), kLinger);
}

}  // namespace pgbraid::router
