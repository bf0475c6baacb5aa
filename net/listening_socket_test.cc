#include "net/listening_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>
#include <string>

#include "net/socket_address.h"
#include "net/socket_folder.h"

namespace pgbraid::net::internal {
namespace {

UniqueFd ConnectTo(const Address& address) {
  const auto name = SocketAddress::FromNumeric(address).value().value();
  UniqueFd fd(socket(name.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), name.get(), name.size()) != 0) fd.Reset();
  return fd;
}

TEST(ListeningSocketTest, ListensOnALoopbackName) {
  auto listening = ListeningSocket::Open({"localhost", 0});
  ASSERT_TRUE(listening.ok()) << listening.status();
  EXPECT_TRUE(ConnectTo({"127.0.0.1", listening->port()}).valid());
}

TEST(ListeningSocketTest, AStarListensOnAllAddresses) {
  auto listening = ListeningSocket::Open({"*", 0});
  ASSERT_TRUE(listening.ok()) << listening.status();
  EXPECT_TRUE(ConnectTo({"127.0.0.1", listening->port()}).valid());
  EXPECT_TRUE(ConnectTo({"127.0.0.2", listening->port()}).valid());
}

TEST(ListeningSocketTest, AnAddressOfAnotherMachineIsAnError) {
  const auto listening = ListeningSocket::Open({"192.0.2.1", 5432});
  ASSERT_FALSE(listening.ok());
  EXPECT_EQ(SqlStateOf(listening.status()), sqlstate::kConnectionFailure);
  EXPECT_EQ(MessageOf(listening.status()),
            "could not listen on \"192.0.2.1:5432\": Cannot assign requested "
            "address");
}

TEST(ListeningSocketTest, APortCanBeTakenAgainAtOnce) {
  int port;
  UniqueFd client;
  {
    auto listening = ListeningSocket::Open({"127.0.0.1", 0}).value();
    port = listening.port();
    client = ConnectTo({"127.0.0.1", port});
    // Closed by this side first, it is remembered by the kernel for a while.
    UniqueFd accepted(accept(listening.fd(), nullptr, nullptr));
  }
  client.Reset();
  EXPECT_TRUE(ListeningSocket::Open({"127.0.0.1", port}).ok());
}

TEST(ListeningSocketTest, EverybodyMayConnectToAUnixSocket) {
  const SocketFolder folder;
  const Address address = {folder.path(), 6432};
  auto listening = ListeningSocket::Open(address);
  ASSERT_TRUE(listening.ok()) << listening.status();
  struct stat file = {};
  ASSERT_EQ(stat(address.UnixPath().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0777u);
  EXPECT_TRUE(ConnectTo(address).valid());
}

TEST(ListeningSocketTest, AMissingFolderIsAnError) {
  const auto listening = ListeningSocket::Open({"/nonexistent", 6432});
  ASSERT_FALSE(listening.ok());
  EXPECT_NE(MessageOf(listening.status()).find("No such file or directory"),
            std::string::npos);
}

}  // namespace
}  // namespace pgbraid::net::internal
