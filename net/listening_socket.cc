#include "net/listening_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "net/errno_status.h"
#include "net/socket_address.h"

namespace pgbraid::net::internal {
namespace {

UniqueFd NewSocket(int family) {
  return UniqueFd(
      socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// An errno, or 0.
int BindTo(const UniqueFd& fd, const SocketAddress& address) {
  return bind(fd.get(), address.get(), address.size()) == 0 ? 0 : errno;
}

int Listen(const UniqueFd& fd) {
  return listen(fd.get(), ListeningSocket::kBacklog) == 0 ? 0 : errno;
}

// Whether the socket file was left behind by somebody who is gone.
bool NobodyListens(const SocketAddress& address) {
  const UniqueFd probe = NewSocket(AF_UNIX);
  return probe.valid() &&
         connect(probe.get(), address.get(), address.size()) != 0 &&
         errno == ECONNREFUSED;
}

Status Failure(const Address& address, int error) {
  return ErrnoStatus("could not listen on \"" + address.ToString() + "\"",
                     error);
}

}  // namespace

StatusOr<ListeningSocket> ListeningSocket::Open(const Address& address) {
  return address.is_unix() ? OpenUnix(address) : OpenTcp(address);
}

StatusOr<ListeningSocket> ListeningSocket::OpenUnix(const Address& address) {
  PGB_ASSIGN_OR_RETURN(auto name, SocketAddress::FromNumeric(address));
  UniqueFd fd = NewSocket(AF_UNIX);
  if (!fd.valid()) return Failure(address, errno);
  const std::string path = address.UnixPath();
  int error = BindTo(fd, *name);
  if (error == EADDRINUSE && NobodyListens(*name)) {
    unlink(path.c_str());
    error = BindTo(fd, *name);
  }
  if (error != 0) return Failure(address, error);
  ListeningSocket result(std::move(fd), address.port);
  struct stat file = {};
  if (lstat(path.c_str(), &file) == 0) {
    result.path_ = path;
    result.device_ = file.st_dev;
    result.inode_ = file.st_ino;
  }
  if (chmod(path.c_str(), 0777) != 0) return Failure(address, errno);
  error = Listen(result.fd_);
  if (error != 0) return Failure(address, error);
  return result;
}

StatusOr<ListeningSocket> ListeningSocket::OpenTcp(const Address& address) {
  PGB_ASSIGN_OR_RETURN(auto names,
                       SocketAddress::Resolve(address, /*passive=*/true));
  // All of this machine's addresses: one IPv6 socket takes IPv4 as well.
  const bool any = address.host.empty() || address.host == "*";
  const int preferred = any ? AF_INET6 : AF_INET;
  std::stable_partition(
      names.begin(), names.end(),
      [&](const SocketAddress& name) { return name.family() == preferred; });
  int error = 0;
  for (const SocketAddress& name : names) {
    UniqueFd fd = NewSocket(name.family());
    if (!fd.valid()) {
      error = errno;
      continue;
    }
    const int yes = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    error = BindTo(fd, name);
    if (error == 0) error = Listen(fd);
    if (error != 0) continue;
    const auto bound = SocketAddress::OfSocket(fd.get());
    return ListeningSocket(std::move(fd),
                           bound.has_value() ? bound->port() : address.port);
  }
  return Failure(address, error);
}

void ListeningSocket::Close() {
  if (!fd_.valid()) return;
  struct stat file = {};
  if (!path_.empty() && lstat(path_.c_str(), &file) == 0 &&
      file.st_dev == device_ && file.st_ino == inode_) {
    unlink(path_.c_str());
  }
  fd_.Reset();
}

}  // namespace pgbraid::net::internal
