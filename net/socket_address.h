// An Address as the kernel wants it. A value; any thread.
#ifndef PGBRAID_NET_SOCKET_ADDRESS_H_
#define PGBRAID_NET_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/address.h"

namespace pgbraid::net::internal {

class SocketAddress {
 public:
  // What needs no name service: a Unix socket (22023 if its path is too long
  // for the kernel) or a numeric host. Empty for a name.
  static StatusOr<std::optional<SocketAddress>> FromNumeric(
      const Address& address);

  // All addresses of a host name, in the resolver's order; asks the name
  // service and waits for it. With `passive`, to listen on; then an empty host
  // or "*" stands for all of this machine's. 08006 if there is none.
  static StatusOr<std::vector<SocketAddress>> Resolve(const Address& address,
                                                      bool passive);

  // The address of `fd`'s own end or of its peer; nothing if it has none.
  static std::optional<SocketAddress> OfSocket(int fd);
  static std::optional<SocketAddress> OfPeer(int fd);

  // "127.0.0.1:40000", "[::1]:5432", "unix"
  std::string ToString() const;

  int family() const { return storage_.ss_family; }
  int port() const;  // 0 for a Unix socket
  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  socklen_t size() const { return size_; }

 private:
  sockaddr_storage storage_ = {};
  socklen_t size_ = 0;
};

}  // namespace pgbraid::net::internal

#endif  // PGBRAID_NET_SOCKET_ADDRESS_H_
