// The client's side of a session: its stream and what of it has not been
// handled yet.
//
// Owned by its session; reactor thread only. What Receive() gave stays in the
// reactor's buffer for as long as the session does not wait; Wait() copies what
// is left before it suspends, so that an idle client holds no buffer.
#ifndef PGBRAID_ROUTER_CLIENT_H_
#define PGBRAID_ROUTER_CLIENT_H_

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/stream.h"
#include "wire/error_response.h"
#include "wire/protocol.h"

namespace pgbraid::router {

class Client {
 public:
  // More unsent bytes than this, and servers are not read from.
  static constexpr size_t kHighWatermark = 256 * 1024;

  Client(net::Reactor* reactor, int fd)
      : stream_(std::make_unique<net::Stream>(reactor, fd)), waiter_(reactor) {
    stream_->Attach(&waiter_);
  }
  ~Client() {
    if (stream_ != nullptr) stream_->Attach(nullptr);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // What has arrived and was not consumed. Changes with every call below.
  std::string_view input() const { return input_; }
  void Consume(size_t bytes) { input_.remove_prefix(bytes); }

  // Takes in what has arrived since. False if there is nothing new.
  bool Fill();

  // A message of `bytes` is arriving that has to be held whole: makes room for
  // it, so that it is not copied while it grows.
  void Reserve(size_t bytes);

  // Nothing more will come (it may still read).
  bool at_end() const { return at_end_; }
  // It has gone, or said that it will send no more.
  bool hung_up() const { return at_end_ || stream_->hung_up(); }
  bool broken() const { return stream_->broken(); }

  // Has to be called before every suspension, and before any other stream is
  // received from: copies what is left of the input out of the reactor's
  // buffer.
  void Keep();
  // Woken by this client's stream, and by whatever else it is attached to.
  net::Waiter* waiter() { return &waiter_; }

  void Send(std::string_view bytes) { stream_->Send(bytes); }
  void Send(std::string_view first, std::string_view second) {
    stream_->Send(first, second);
  }
  size_t unsent_bytes() const { return stream_->unsent_bytes(); }
  bool congested() const { return stream_->unsent_bytes() > kHighWatermark; }

  void SendError(const Status& status, wire::Severity severity);
  void SendReady(wire::TransactionStatus status);

  // Takes the handshake that the client has asked for, of which input() may be
  // the beginning already; from then on all is encrypted.
  net::Task<Status> StartTls(std::shared_ptr<const net::TlsContext> context,
                             TimePoint deadline);
  bool encrypted() const { return stream_->tls() != nullptr; }
  // The client asked for PostgreSQL's protocol by ALPN.
  bool has_protocol() const {
    return encrypted() && stream_->tls()->has_protocol();
  }
  // What a login may be bound to (see TlsContext); empty in clear text.
  std::string_view tls_end_point() const {
    return encrypted() ? stream_->tls()->context().end_point()
                       : std::string_view();
  }

  // Says goodbye and closes in the background.
  void CloseAfterSending();

  std::string peer_name() const { return stream_->peer_name(); }

 private:
  std::unique_ptr<net::Stream> stream_;
  net::Waiter waiter_;
  std::string_view input_;  // in kept_, or in the reactor's buffer
  std::string kept_;
  bool at_end_ = false;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_CLIENT_H_
