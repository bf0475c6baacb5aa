// A connected byte stream (TCP or Unix socket), non-blocking, full duplex.
//
// Shaped for completions: Receive() *returns* a buffer that belongs to the
// reactor, so that an idle connection holds none, and io_uring can stand behind
// the same calls later. Owned by whoever made it; reactor thread only.
//
// The rule for epoll (edge-triggered, registered once for IN|OUT|RDHUP): send
// speculatively; a short read means drained, so that no second recv follows,
// but only if the event that announced it carried none of RDHUP, HUP, ERR, PRI.
// "Readable" is remembered across back-pressure. A Unix socket is registered
// for OUT only while something is unsent: the kernel tells of room there each
// time the peer has read, which would wake the loop for nothing at every query.
#ifndef PGBRAID_NET_STREAM_H_
#define PGBRAID_NET_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/address.h"
#include "net/connect.h"
#include "net/listener.h"
#include "net/poller.h"
#include "net/reactor.h"
#include "net/send_queue.h"
#include "net/task.h"
#include "net/tls_session.h"

namespace pgbraid::net {

class Stream : private internal::Poller::Handler {
 public:
  // Bytes a single Receive() returns at most.
  static constexpr size_t kReceiveBytes = 64 * 1024;

  // Bytes that Receive() returns in one round of the loop, give or take one
  // call. Beyond, it says kPending and notifies in the next round, so that a
  // fast sender leaves the others their turn.
  static constexpr size_t kReceiveBytesPerRound = 4 * kReceiveBytes;

  // Takes over `fd`, a connected socket; makes it non-blocking and registers
  // it. TCP_NODELAY and keepalive (a probe after 60 s of silence, four lost
  // ones 15 s apart break the connection) are set where they apply. Where the
  // kernel refuses to register it, the stream is broken from the start.
  Stream(Reactor* reactor, int fd);
  ~Stream();  // closes; what is unsent is lost
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Who is notified when something may have changed: data arrived after a
  // Receive() that said kPending, unsent bytes fell to the low watermark, the
  // peer closed, the connection broke. May change at any time; null for nobody
  // (what happens meanwhile is remembered, and told at once to the next one who
  // attaches). `waiter` must be detached before it is destroyed.
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
  // After kData, whoever waits without having seen kPending is not notified
  // of what was already there.
  Received Receive();

  // Sends `data`, at once as far as the kernel takes it; the rest is copied and
  // sent as room comes. Returns false if the connection is broken (data is
  // dropped then; Receive() may still return what had arrived).
  bool Send(std::string_view data) { return Send(data, {}); }
  bool Send(std::string_view first, std::string_view second);  // one syscall

  // From here on what is sent and received is encrypted. `early` is what has
  // been received of the handshake already (nothing else may have been). Uses
  // the attached waiter. 08P01 with the reason if it fails, 08006 if the peer
  // leaves or `deadline` passes first. silent() and unsent_bytes() go on to
  // speak of the socket's bytes.
  Task<Status> StartTls(std::unique_ptr<TlsSession> session, std::string early,
                        TimePoint deadline);
  const TlsSession* tls() const { return tls_.get(); }

  // Bytes that Send() has taken and the kernel has not.
  size_t unsent_bytes() const { return unsent_ ? unsent_->size() : 0; }
  // Notify when unsent_bytes() falls to this or below, after having been above.
  // Default 64 KiB; less than 4 GiB.
  void set_low_watermark(size_t bytes);

  // The peer hung up or reset, as far as known without reading: a client that
  // vanished while its query runs shows here. So does one that has only
  // finished sending. Data may still be unread.
  bool hung_up() const { return hung_up_; }
  bool broken() const { return broken_; }
  // 08006 with the cause if broken(), else OK.
  Status error() const;

  // Ends the connection from this side, now, with ECONNABORTED as its error:
  // the peer sees it closed, what is unsent is dropped, and what has arrived is
  // given out no more. The waiter is notified.
  void Abort();

  // Sends what is unsent in the background, then closes: hands the stream to
  // the reactor, at most for `linger`. For a last error message: the peer is
  // told that nothing follows, and the socket is kept until the peer closes,
  // since closing it with unread data would reset the connection and could
  // take the message away.
  static void CloseAfterSending(std::unique_ptr<Stream> stream,
                                Duration linger);

  // Nothing has arrived that was not received, and the peer is still there.
  // Leaves the reactor's buffer as it is.
  bool silent() const;

  int fd() const { return fd_; }
  // Peer's address for logs: "127.0.0.1:40000", "unix"; "unknown" if the
  // kernel has forgotten it.
  std::string peer_name() const;

 private:
  void OnEvents(uint32_t events) override;

  static Task<void> Linger(std::unique_ptr<Stream> stream, TimePoint deadline);

  // Of the socket's own bytes.
  Received ReceiveRaw(size_t at_most);
  bool SendRaw(std::string_view first, std::string_view second);
  Received ReceiveTls();
  bool SendTls(std::string_view first, std::string_view second);

  // Sends the front of both, and takes away what the kernel took. False if the
  // connection broke.
  bool SendNow(std::string_view* first, std::string_view* second);
  void WatchRoom(bool watch);
  // Sends what is unsent. True if the waiter should know.
  bool Flush();
  bool FallenToLowWatermark();
  bool UsedUpRound();
  State WithoutData() const;
  void Break(int error);
  void Tell();

  Reactor* const reactor_;
  Waiter* waiter_ = nullptr;
  std::unique_ptr<internal::SendQueue> unsent_;  // null if nothing is
  std::unique_ptr<TlsSession> tls_;              // null without TLS
  const int fd_;
  int error_ = 0;  // errno, once broken_
  uint32_t low_watermark_ = 64 * 1024;
  uint32_t round_ = 0;           // the last one in which Receive() gave data,
  uint32_t bytes_in_round_ = 0;  // and how much

  const bool local_ : 1;       // a Unix socket
  bool readable_ : 1 = false;  // there may be something to read
  bool read_on_ : 1 = false;   // a short read does not mean drained
  bool eof_ : 1 = false;       // read
  bool hung_up_ : 1 = false;
  bool broken_ : 1 = false;
  bool above_watermark_ : 1 = false;
  bool untold_ : 1 = false;  // something happened with nobody attached
};

static_assert(sizeof(Stream) <= 96);

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_STREAM_H_
