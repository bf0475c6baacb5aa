// A connected byte stream (TCP or Unix socket), non-blocking, full duplex.
//
// Shaped for completions: Receive() *returns* a buffer that belongs to the
// reactor, so that an idle connection holds none, and io_uring can stand behind
// the same calls later. Owned by whoever made it; reactor thread only.
//
// The rule for epoll (edge-triggered, registered once for IN|OUT|RDHUP): send
// speculatively; a short read means drained, so that no second recv follows,
// but only if the event that announced it carried none of RDHUP, HUP, ERR, PRI.
// "Readable" is remembered across back-pressure.
#ifndef PGBRAID_NET_STREAM_H_
#define PGBRAID_NET_STREAM_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/reactor.h"

namespace pgbraid::net {

// Where to connect to or listen on: a host name or number and a port, or (if
// `host` begins with '/') the folder of PostgreSQL's Unix socket.
struct Address {
  std::string host;
  int port = 5432;
  std::string ToString() const;  // "10.0.0.1:5432", "/run/postgresql:5432"
  bool operator==(const Address&) const = default;
};

class Stream {
 public:
  // Bytes a single Receive() returns at most.
  static constexpr size_t kReceiveBytes = 64 * 1024;

  // Takes over `fd`, a connected socket; makes it non-blocking and registers
  // it. TCP_NODELAY and keepalive are set where they apply.
  Stream(Reactor* reactor, int fd);
  ~Stream();  // closes
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Who is notified when something may have changed: data arrived, unsent
  // bytes fell below `low_watermark`, the peer closed, the connection broke.
  // May change at any time; null for nobody (what happens meanwhile is
  // remembered, and told at once to the next one who attaches).
  void Attach(Waiter* waiter);

  enum class State {
    kData,     // `data` has at least one byte
    kPending,  // nothing now; the waiter will be notified
    kEof,      // the peer has finished sending; sending may still work
    kBroken,   // reset or another error; see error()
  };
  struct Received {
    State state;
    // In the reactor's own buffer: valid until the next Receive() of any
    // stream of this reactor, so until the coroutine waits at the latest.
    std::string_view data;
  };
  Received Receive();

  // Sends `data`, at once as far as the kernel takes it; the rest is copied and
  // sent as room comes. Returns false if the connection is broken (data is
  // dropped then; Receive() may still return what had arrived).
  bool Send(std::string_view data);
  bool Send(std::string_view first, std::string_view second);  // one syscall

  // Bytes that Send() has taken and the kernel has not.
  size_t unsent_bytes() const;
  // Notify when unsent_bytes() falls to this or below, after having been above.
  // Default 64 KiB.
  void set_low_watermark(size_t bytes);

  // The peer hung up or reset, as far as known without reading: a client that
  // vanished while its query runs shows here. Data may still be unread.
  bool hung_up() const;
  bool broken() const;
  Status error() const;

  // Sends what is unsent in the background, then closes: hands the stream to
  // the reactor, at most for `linger`. For a last error message.
  static void CloseAfterSending(std::unique_ptr<Stream> stream,
                                Duration linger);

  int fd() const;
  // Peer's address for logs: "127.0.0.1:40000", "unix".
  std::string peer_name() const;

 private:
  class Impl;
};

// Connects, or fails by `deadline` (08006 naming the address and the cause).
// Host names are resolved off the reactor's thread.
Task<StatusOr<std::unique_ptr<Stream>>> Connect(Reactor* reactor,
                                                Address address,
                                                TimePoint deadline);

// A listening socket. Accepted descriptors are handed to `on_accept` on the
// reactor's thread, which takes them over.
class Listener {
 public:
  // Fails with the address and the cause ("address already in use").
  static StatusOr<std::unique_ptr<Listener>> Create(
      Reactor* reactor, const Address& address,
      std::function<void(int fd)> on_accept);
  ~Listener();
  int port() const;  // the one bound, where port 0 was asked for

 private:
  Listener() = default;
};

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_STREAM_H_
