#include "net/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "net/errno_status.h"

namespace pgbraid::net::internal {
namespace {

using InfoList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// getaddrinfo() for a TCP host; `cause` says why there is nothing.
InfoList LookUp(const Address& address, int flags, std::string* cause) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  const bool any = address.host.empty() || address.host == "*";
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(any ? nullptr : address.host.c_str(),
                  std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) {
    *cause = error == EAI_SYSTEM ? ErrnoText(errno) : gai_strerror(error);
    found = nullptr;
  }
  return InfoList(found, &freeaddrinfo);
}

}  // namespace

StatusOr<std::optional<SocketAddress>> SocketAddress::FromNumeric(
    const Address& address) {
  SocketAddress result;
  if (address.is_unix()) {
    auto* name = reinterpret_cast<sockaddr_un*>(&result.storage_);
    const std::string path = address.UnixPath();
    if (path.size() >= sizeof(name->sun_path)) {
      return SqlError(sqlstate::kInvalidParameterValue,
                      "Unix socket path \"" + path + "\" is too long");
    }
    name->sun_family = AF_UNIX;
    std::memcpy(name->sun_path, path.c_str(), path.size() + 1);
    result.size_ = sizeof(sockaddr_un);
    return std::optional<SocketAddress>(result);
  }
  std::string cause;
  const InfoList found = LookUp(address, AI_NUMERICHOST, &cause);
  if (found == nullptr) return std::optional<SocketAddress>();
  std::memcpy(&result.storage_, found->ai_addr, found->ai_addrlen);
  result.size_ = found->ai_addrlen;
  return std::optional<SocketAddress>(result);
}

StatusOr<std::vector<SocketAddress>> SocketAddress::Resolve(
    const Address& address, bool passive) {
  std::string cause;
  const InfoList found = LookUp(address, passive ? AI_PASSIVE : 0, &cause);
  if (found == nullptr) {
    return SqlError(sqlstate::kConnectionFailure,
                    "could not find the address of host \"" + address.host +
                        "\": " + cause);
  }
  std::vector<SocketAddress> result;
  for (const addrinfo* info = found.get(); info; info = info->ai_next) {
    SocketAddress& one = result.emplace_back();
    std::memcpy(&one.storage_, info->ai_addr, info->ai_addrlen);
    one.size_ = info->ai_addrlen;
  }
  return result;
}

std::optional<SocketAddress> SocketAddress::OfSocket(int fd) {
  SocketAddress result;
  result.size_ = sizeof(result.storage_);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&result.storage_),
                  &result.size_) != 0) {
    return std::nullopt;
  }
  return result;
}

std::optional<SocketAddress> SocketAddress::OfPeer(int fd) {
  SocketAddress result;
  result.size_ = sizeof(result.storage_);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&result.storage_),
                  &result.size_) != 0) {
    return std::nullopt;
  }
  return result;
}

std::string SocketAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&storage_);
    inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
  } else if (family() == AF_INET6) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&storage_);
    inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
  } else {
    return "unix";
  }
  return Address{text, port()}.ToString();
}

int SocketAddress::port() const {
  if (family() == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
  }
  if (family() == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
  }
  return 0;
}

}  // namespace pgbraid::net::internal
