// A client's message that is too large to be held: it is passed on to a server,
// or dropped, piece by piece as it arrives.
//
// Lives in its session or segment; reactor thread only. Back-pressure: while
// the server is not read from for long, nothing more is taken from the client.
#ifndef PGBRAID_ROUTER_LARGE_MESSAGE_H_
#define PGBRAID_ROUTER_LARGE_MESSAGE_H_

#include <algorithm>
#include <cstddef>

#include "net/stream.h"
#include "router/client.h"

namespace pgbraid::router {

class LargeMessage {
 public:
  // Bytes from which on a message is not held whole before it is passed on.
  static constexpr size_t kThreshold = 64 * 1024;

  // `bytes` at the front of the client's input, or still to come, go to
  // `server` (outlives the message), or nowhere if it is null.
  void Start(size_t bytes, net::Stream* server) {
    left_ = bytes;
    server_ = server;
  }

  // The server does not take the rest, which is dropped.
  void Abandon() { server_ = nullptr; }

  bool active() const { return left_ > 0; }

  // The server has more to send than it takes now.
  bool congested() const {
    return server_ != nullptr &&
           server_->unsent_bytes() > Client::kHighWatermark;
  }

  // Moves what is there. False if nothing could be moved: more has to arrive,
  // or the server is congested().
  bool Pump(Client* client) {
    size_t part = std::min(left_, client->input().size());
    if (part == 0 || congested()) return false;
    if (server_ != nullptr) {
      part = std::min(part, Client::kHighWatermark);
      server_->Send(client->input().substr(0, part));
    }
    client->Consume(part);
    left_ -= part;
    return true;
  }

 private:
  size_t left_ = 0;
  net::Stream* server_ = nullptr;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_LARGE_MESSAGE_H_
