// Making a listening socket, and taking a Unix socket's file away with it.
// Any thread, one at a time.
#ifndef PGBRAID_NET_LISTENING_SOCKET_H_
#define PGBRAID_NET_LISTENING_SOCKET_H_

#include <sys/types.h>

#include <string>

#include "base/status.h"
#include "net/address.h"
#include "net/unique_fd.h"

namespace pgbraid::net::internal {

class ListeningSocket {
 public:
  // Connections that wait to be accepted; the kernel may set a lower limit
  // (net.core.somaxconn).
  static constexpr int kBacklog = 4096;

  // Binds and listens; see Listener::Create.
  static StatusOr<ListeningSocket> Open(const Address& address);

  ListeningSocket(ListeningSocket&&) = default;
  ~ListeningSocket() { Close(); }

  // Removes the socket file if it is still this socket's own.
  void Close();

  int fd() const { return fd_.get(); }
  int port() const { return port_; }

 private:
  ListeningSocket(UniqueFd fd, int port) : fd_(std::move(fd)), port_(port) {}
  static StatusOr<ListeningSocket> OpenUnix(const Address& address);
  static StatusOr<ListeningSocket> OpenTcp(const Address& address);

  UniqueFd fd_;
  int port_;
  std::string path_;  // of a Unix socket's file, and which file it was
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace pgbraid::net::internal

#endif  // PGBRAID_NET_LISTENING_SOCKET_H_
