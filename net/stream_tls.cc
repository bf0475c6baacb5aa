// What of a stream is different under TLS.

#include <cerrno>
#include <utility>

#include "net/reactor_impl.h"
#include "net/stream.h"

namespace pgbraid::net {
namespace {

// So many encrypted bytes at once, that all they hold has room in the plain
// buffer together with the end of a record which began before.
constexpr size_t kEncryptedBytes =
    Stream::kReceiveBytes - TlsSession::kRecordBytes - 1;

}  // namespace

Task<Status> Stream::StartTls(std::unique_ptr<TlsSession> session,
                              std::string early, TimePoint deadline) {
  std::string_view received = early;
  for (;;) {
    std::string answer;
    const TlsSession::Step step = session->Handshake(received, &answer);
    if (!answer.empty()) Send(answer);
    if (step == TlsSession::Step::kFailed) co_return session->error();
    if (step == TlsSession::Step::kDone) break;
    for (;;) {
      const Received next = Receive();
      received = next.data;
      if (next.state == State::kData) break;
      bool waiting = next.state == State::kPending;
      if (waiting) waiting = co_await waiter_->Wait(deadline);
      if (!waiting) {
        co_return SqlError(sqlstate::kConnectionFailure,
                           "the peer left during the TLS handshake");
      }
    }
  }
  tls_ = std::move(session);
  co_return OkStatus();
}

Stream::Received Stream::ReceiveTls() {
  for (;;) {
    Received encrypted = {State::kData, {}};
    if (!tls_->has_early()) encrypted = ReceiveRaw(kEncryptedBytes);
    if (encrypted.state != State::kData) return encrypted;
    char* plain = reactor_->impl()->plain_buffer();
    std::string answer;
    const TlsSession::Decrypted decrypted =
        tls_->Decrypt(encrypted.data, plain, kReceiveBytes, &answer);
    if (!answer.empty()) SendRaw(answer, {});
    if (decrypted.state == TlsSession::State::kFailed) Break(EPROTO);
    if (decrypted.state == TlsSession::State::kClosed) eof_ = hung_up_ = true;
    if (decrypted.state != TlsSession::State::kOpen) readable_ = false;
    if (decrypted.bytes > 0) return {State::kData, {plain, decrypted.bytes}};
    if (decrypted.state != TlsSession::State::kOpen) {
      return {WithoutData(), {}};
    }
  }
}

bool Stream::SendTls(std::string_view first, std::string_view second) {
  if (broken_) return false;
  std::string joined;
  // One record rather than two.
  if (!first.empty() && !second.empty() &&
      first.size() + second.size() <= TlsSession::kRecordBytes) {
    joined.reserve(first.size() + second.size());
    joined.append(first).append(second);
    first = joined;
    second = {};
  }
  std::string encrypted;
  if (!tls_->Encrypt(first, &encrypted) || !tls_->Encrypt(second, &encrypted)) {
    Break(EPROTO);
    Tell();
    return false;
  }
  return SendRaw(encrypted, {});
}

}  // namespace pgbraid::net
