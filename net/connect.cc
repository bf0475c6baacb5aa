#include "net/connect.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "net/errno_status.h"
#include "net/fd_watch.h"
#include "net/resolver.h"
#include "net/socket_address.h"
#include "net/stream.h"
#include "net/unique_fd.h"

namespace pgbraid::net {
namespace {

using internal::FdWatch;
using internal::SocketAddress;
using internal::UniqueFd;

// How long a Unix socket whose queue is full is left alone: the kernel does not
// tell when there is room.
constexpr Duration kFullQueuePause = std::chrono::milliseconds(5);

// What became of one address: an errno, 0 if `fd` is connected.
struct Attempt {
  UniqueFd fd;
  int error = 0;
};

Task<int> FinishConnecting(Reactor* reactor, int fd, TimePoint deadline) {
  Waiter waiter(reactor);
  FdWatch watch(fd, &waiter);
  if (watch.error() != 0) co_return watch.error();
  const bool in_time = co_await waiter.Wait(deadline);
  if (!in_time) co_return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  co_return error;
}

Task<Attempt> ConnectTo(Reactor* reactor, SocketAddress address,
                        TimePoint deadline) {
  Attempt attempt;
  attempt.fd = UniqueFd(
      socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!attempt.fd.valid()) {
    attempt.error = errno;
    co_return attempt;
  }
  const int fd = attempt.fd.get();
  while (connect(fd, address.get(), address.size()) != 0) {
    attempt.error = errno;
    if (attempt.error == EINPROGRESS || attempt.error == EINTR) {
      attempt.error = co_await FinishConnecting(reactor, fd, deadline);
      co_return attempt;
    }
    if (attempt.error != EAGAIN) co_return attempt;
    if (reactor->now() >= deadline) {
      attempt.error = ETIMEDOUT;
      co_return attempt;
    }
    co_await SleepUntil(reactor, reactor->now() + kFullQueuePause);
  }
  attempt.error = 0;
  co_return attempt;
}

TimePoint ShareOf(TimePoint deadline, TimePoint now, size_t addresses) {
  if (deadline == TimePoint::max()) return deadline;
  return now + (deadline - now) / static_cast<int64_t>(addresses);
}

Status Failure(const Address& address, const std::string& causes) {
  return SqlError(
      sqlstate::kConnectionFailure,
      "could not connect to \"" + address.ToString() + "\": " + causes);
}

}  // namespace

Task<StatusOr<std::unique_ptr<Stream>>> Connect(Reactor* reactor,
                                                Address address,
                                                TimePoint deadline) {
  auto found = co_await internal::Resolve(reactor, address, deadline);
  if (!found.ok()) co_return Failure(address, MessageOf(found.status()));
  std::string causes;
  for (size_t i = 0; i < found->size(); ++i) {
    const SocketAddress& candidate = (*found)[i];
    const TimePoint share =
        ShareOf(deadline, reactor->now(), found->size() - i);
    Attempt attempt = co_await ConnectTo(reactor, candidate, share);
    if (attempt.error == 0) {
      co_return std::make_unique<Stream>(reactor, attempt.fd.Release());
    }
    if (!causes.empty()) causes += "; ";
    if (found->size() > 1) causes += candidate.ToString() + ": ";
    causes += internal::ErrnoText(attempt.error);
  }
  co_return Failure(address, causes);
}

}  // namespace pgbraid::net
