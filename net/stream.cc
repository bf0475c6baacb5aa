#include "net/stream.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/errno_status.h"
#include "net/reactor_impl.h"
#include "net/socket_address.h"

namespace pgbraid::net {

using internal::Poller;

static_assert(Stream::kReceiveBytes == Reactor::Impl::kReceiveBytes);

namespace {

void SetOption(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof(value));
}

bool IsUnixSocket(int fd) {
  int domain = AF_UNSPEC;
  socklen_t size = sizeof(domain);
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
  return domain == AF_UNIX;
}

// An option that the kernel does not know is not worth a connection.
void SetTcpOptions(int fd) {
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

bool WouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// MSG_NOSIGNAL: a broken connection is an error, not a SIGPIPE.
ssize_t SendParts(int fd, iovec* parts, int count) {
  if (count == 1) {
    return send(fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
  }
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = static_cast<size_t>(count);
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}

void TakeFront(std::string_view* data, size_t* bytes) {
  const size_t here = std::min(data->size(), *bytes);
  data->remove_prefix(here);
  *bytes -= here;
}

}  // namespace

Stream::Stream(Reactor* reactor, int fd)
    : reactor_(reactor), fd_(fd), local_(IsUnixSocket(fd)) {
  const int flags = fcntl(fd, F_GETFL);
  if (!(flags & O_NONBLOCK)) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  if (!local_) SetTcpOptions(fd);
  const int error = reactor_->impl()->poller().Add(
      fd, this, local_ ? Poller::Writable::kIgnore : Poller::Writable::kWatch);
  if (error != 0) Break(error);
}

Stream::~Stream() {
  reactor_->impl()->poller().Remove(fd_, this);
  close(fd_);
}

void Stream::Attach(Waiter* waiter) {
  waiter_ = waiter;
  if (waiter == nullptr) return;
  if (untold_ || readable_ || hung_up_ || broken_) {
    untold_ = false;
    waiter->Notify();
  }
}

Stream::Received Stream::Receive() {
  return tls_ == nullptr ? ReceiveRaw(kReceiveBytes) : ReceiveTls();
}

Stream::Received Stream::ReceiveRaw(size_t at_most) {
  if (!readable_) return {WithoutData(), {}};
  if (UsedUpRound()) {
    if (waiter_ != nullptr) waiter_->NotifyNextRound();
    return {State::kPending, {}};
  }
  char* buffer = reactor_->impl()->receive_buffer();
  ssize_t got;
  do {
    got = recv(fd_, buffer, at_most, 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    const auto bytes = static_cast<size_t>(got);
    bytes_in_round_ += static_cast<uint32_t>(bytes);
    if (bytes < at_most && !read_on_) readable_ = false;
    return {State::kData, {buffer, bytes}};
  }
  if (got == 0) {
    eof_ = hung_up_ = true;
  } else if (WouldBlock(errno)) {
    read_on_ = false;
  } else {
    Break(errno);
    hung_up_ = true;
  }
  readable_ = false;
  return {WithoutData(), {}};
}

bool Stream::UsedUpRound() {
  const uint32_t round = reactor_->impl()->round();
  if (round_ != round) {
    round_ = round;
    bytes_in_round_ = 0;
  }
  return bytes_in_round_ >= kReceiveBytesPerRound;
}

Stream::State Stream::WithoutData() const {
  if (broken_) return State::kBroken;
  return eof_ ? State::kEof : State::kPending;
}

bool Stream::Send(std::string_view first, std::string_view second) {
  return tls_ == nullptr ? SendRaw(first, second) : SendTls(first, second);
}

bool Stream::SendRaw(std::string_view first, std::string_view second) {
  if (broken_) return false;
  if (unsent_ == nullptr) {
    if (!SendNow(&first, &second)) return false;
    if (first.empty() && second.empty()) return true;
    unsent_ = std::make_unique<internal::SendQueue>();
    WatchRoom(true);
  }
  unsent_->Append(first);
  unsent_->Append(second);
  if (unsent_->size() > low_watermark_) above_watermark_ = true;
  return true;
}

// Goes on after a short send until the kernel says that it is full: only then
// it surely tells when there is room.
bool Stream::SendNow(std::string_view* first, std::string_view* second) {
  while (!first->empty() || !second->empty()) {
    iovec parts[2];
    int count = 0;
    for (const std::string_view* part : {first, second}) {
      if (part->empty()) continue;
      parts[count++] = {const_cast<char*>(part->data()), part->size()};
    }
    const ssize_t sent = SendParts(fd_, parts, count);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (WouldBlock(errno)) return true;
      Break(errno);
      Tell();
      return false;
    }
    auto bytes = static_cast<size_t>(sent);
    TakeFront(first, &bytes);
    TakeFront(second, &bytes);
  }
  return true;
}

bool Stream::Flush() {
  constexpr int kParts = 32;
  while (unsent_ != nullptr) {
    iovec parts[kParts];
    const int count = unsent_->Front(parts, kParts);
    const ssize_t sent = SendParts(fd_, parts, count);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (WouldBlock(errno)) break;
      Break(errno);
      return true;
    }
    unsent_->Consume(static_cast<size_t>(sent));
    if (unsent_->size() > 0) continue;
    unsent_.reset();
    WatchRoom(false);
  }
  return FallenToLowWatermark();
}

void Stream::WatchRoom(bool watch) {
  if (!local_) return;
  reactor_->impl()->poller().Change(
      fd_, this, watch ? Poller::Writable::kWatch : Poller::Writable::kIgnore);
}

bool Stream::FallenToLowWatermark() {
  if (!above_watermark_ || unsent_bytes() > low_watermark_) return false;
  above_watermark_ = false;
  return true;
}

void Stream::set_low_watermark(size_t bytes) {
  low_watermark_ = static_cast<uint32_t>(std::min<size_t>(bytes, UINT32_MAX));
  if (unsent_bytes() > low_watermark_) above_watermark_ = true;
  if (FallenToLowWatermark()) Tell();
}

void Stream::OnEvents(uint32_t events) {
  bool tell = false;
  if ((events & Poller::kWritable) && unsent_ != nullptr) tell = Flush();
  if (events & (Poller::kHungUp | Poller::kUrgent)) read_on_ = true;
  if ((events & Poller::kHungUp) && !hung_up_) hung_up_ = tell = true;
  if ((events & ~Poller::kWritable) && !readable_ && !eof_) {
    readable_ = tell = true;
  }
  if (tell) Tell();
}

void Stream::Tell() {
  if (waiter_ != nullptr) {
    waiter_->Notify();
  } else {
    untold_ = true;
  }
}

// What had arrived can still be read.
void Stream::Break(int error) {
  if (broken_) return;
  broken_ = true;
  error_ = error;
  unsent_.reset();
  above_watermark_ = false;
  readable_ = read_on_ = !eof_;
}

void Stream::Abort() {
  eof_ = hung_up_ = true;
  Break(ECONNABORTED);
  readable_ = false;
  shutdown(fd_, SHUT_RDWR);
  Tell();
}

bool Stream::silent() const {
  if (hung_up_ || broken_ || eof_) return false;
  if (!readable_) return true;
  char byte;
  return recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}

Status Stream::error() const {
  if (!broken_) return OkStatus();
  return internal::ErrnoStatus("connection to " + peer_name() + " broke",
                               error_);
}

void Stream::CloseAfterSending(std::unique_ptr<Stream> stream,
                               Duration linger) {
  Reactor* reactor = stream->reactor_;
  const TimePoint deadline = reactor->now() + linger;
  reactor->Spawn(Linger(std::move(stream), deadline));
}

Task<void> Stream::Linger(std::unique_ptr<Stream> stream, TimePoint deadline) {
  Waiter waiter(stream->reactor_);
  stream->set_low_watermark(0);
  stream->Attach(&waiter);
  if (stream->tls_ != nullptr) {
    std::string goodbye;
    stream->tls_->Close(&goodbye);
    stream->SendRaw(goodbye, {});
  }
  bool finished_sending = false;
  for (;;) {
    if (!finished_sending && stream->unsent_bytes() == 0) {
      finished_sending = true;
      shutdown(stream->fd_, SHUT_WR);
    }
    State state;
    do {
      state = stream->Receive().state;
    } while (state == State::kData);
    if (state == State::kBroken) break;
    if (state == State::kEof && finished_sending) break;
    if (!co_await waiter.Wait(deadline)) break;
  }
  stream->Attach(nullptr);
}

std::string Stream::peer_name() const {
  const auto peer = internal::SocketAddress::OfPeer(fd_);
  return peer.has_value() ? peer->ToString() : "unknown";
}

}  // namespace pgbraid::net
