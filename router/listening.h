// What a session that listens carries: its channels, and the notifications that
// wait until it may see them (between transactions, as in PostgreSQL).
//
// Plain state, owned by its session; made by its first LISTEN.
#ifndef PGBRAID_ROUTER_LISTENING_H_
#define PGBRAID_ROUTER_LISTENING_H_

#include <cstddef>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "router/channel_set.h"

namespace pgbraid::router {

class Listening {
 public:
  ChannelSet channels;
  // What the reactor's hub tells this session of: what it listens to, and what
  // its open transaction is about to.
  std::set<std::string, std::less<>> subscribed;

  // `message` is a whole NotificationResponse.
  void Add(std::string_view channel, std::string message);
  // Takes those of the channels that are listened to now, in order; forgets the
  // others.
  std::string Take();
  // Forgets those of channels that are not listened to now: they came before
  // the COMMIT that is about to be sent.
  void ForgetEarly();
  void Drop();

  bool has_waiting() const { return !waiting_.empty(); }
  size_t waiting_bytes() const { return waiting_bytes_; }

 private:
  struct Waiting {
    std::string channel;
    std::string message;
    size_t bytes() const { return channel.size() + message.size() + 64; }
  };
  std::deque<Waiting> waiting_;
  size_t waiting_bytes_ = 0;  // about what they take
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_LISTENING_H_
