#include "net/connect.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/listening_socket.h"
#include "net/socket_address.h"
#include "net/socket_folder.h"
#include "net/stream.h"
#include "net/test_support.h"

namespace pgbraid::net {
namespace {

using internal::ListeningSocket;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Connected = StatusOr<std::unique_ptr<Stream>>;

class ConnectTest : public ReactorTest {
 protected:
  Connected Connect(const Address& address, Duration timeout = seconds(10)) {
    std::optional<Connected> result;
    Run(Keep(net::Connect(reactor(), address, In(timeout)), &result));
    return *std::move(result);
  }

  static Task<void> Keep(Task<Connected> connect,
                         std::optional<Connected>* result) {
    result->emplace(co_await connect);
  }

  static void ExpectFailure(const Connected& result, std::string_view address,
                            std::string_view cause) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(SqlStateOf(result.status()), sqlstate::kConnectionFailure);
    const std::string message = MessageOf(result.status());
    EXPECT_NE(message.find(address), std::string::npos) << message;
    EXPECT_NE(message.find(cause), std::string::npos) << message;
  }

  SocketFolder folder_;
};

TEST_F(ConnectTest, ConnectsToANumericHost) {
  auto listening = ListeningSocket::Open({"127.0.0.1", 0}).value();
  auto stream = Connect({"127.0.0.1", listening.port()});
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_TRUE((*stream)->Send("hello"));
  const internal::UniqueFd accepted(accept(listening.fd(), nullptr, nullptr));
  EXPECT_EQ(ReadAtMost(accepted.get(), 5), "hello");
}

TEST_F(ConnectTest, ConnectsToAHostName) {
  auto listening = ListeningSocket::Open({"127.0.0.1", 0}).value();
  auto stream = Connect({"localhost", listening.port()});
  ASSERT_TRUE(stream.ok()) << stream.status();
}

TEST_F(ConnectTest, ConnectsToAUnixSocket) {
  const Address address = {folder_.path(), 5432};
  auto listening = ListeningSocket::Open(address).value();
  auto stream = Connect(address);
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ((*stream)->peer_name(), "unix");
}

TEST_F(ConnectTest, RefusalNamesAddressAndCause) {
  int port;
  { port = ListeningSocket::Open({"127.0.0.1", 0}).value().port(); }
  const std::string name = "127.0.0.1:" + std::to_string(port);
  ExpectFailure(Connect({"127.0.0.1", port}), name, "Connection refused");
}

TEST_F(ConnectTest, MissingUnixSocketNamesAddressAndCause) {
  const std::string folder = folder_.path();
  ExpectFailure(Connect({folder, 5432}), folder + ":5432",
                "No such file or directory");
}

TEST_F(ConnectTest, TooLongUnixPathIsAnError) {
  const std::string folder = "/" + std::string(200, 'x');
  ExpectFailure(Connect({folder, 5432}), folder, "too long");
}

TEST_F(ConnectTest, UnknownHostIsAnError) {
  ExpectFailure(Connect({"no-such-host.invalid", 5432}, seconds(2)),
                "no-such-host.invalid:5432", "");
}

// Nobody answers: the kernel drops what comes to a full queue.
TEST_F(ConnectTest, TimesOutAtItsDeadline) {
  auto listening = ListeningSocket::Open({"127.0.0.1", 0}).value();
  ASSERT_EQ(listen(listening.fd(), 0), 0);
  const Address address = {"127.0.0.1", listening.port()};
  std::vector<std::unique_ptr<Stream>> queued;
  const TimePoint start = clock_.Now();
  Connected last = Connect(address, milliseconds(50));
  for (int i = 0; i < 8 && last.ok(); ++i) {
    queued.push_back(*std::move(last));
    last = Connect(address, milliseconds(50));
  }
  ExpectFailure(last, address.ToString(), "timed out");
  EXPECT_GE(clock_.Now() - start, milliseconds(50));
}

TEST_F(ConnectTest, WaitsForRoomInAUnixSocketsQueue) {
  const Address address = {folder_.path(), 5432};
  auto listening = ListeningSocket::Open(address).value();
  ASSERT_EQ(listen(listening.fd(), 0), 0);
  std::vector<std::unique_ptr<Stream>> queued;
  Connected last = Connect(address, milliseconds(30));
  for (int i = 0; i < 8 && last.ok(); ++i) {
    queued.push_back(*std::move(last));
    last = Connect(address, milliseconds(30));
  }
  ExpectFailure(last, address.ToString(), "timed out");
  const internal::UniqueFd accepted(accept(listening.fd(), nullptr, nullptr));
  EXPECT_TRUE(Connect(address, seconds(5)).ok());
}

Task<void> ConnectForEver(Reactor* reactor, Address address, bool* finished) {
  auto stream = co_await Connect(reactor, address, TimePoint::max());
  *finished = true;
}

// The resolver's answer finds neither the coroutine nor the reactor.
TEST_F(ConnectTest, MayBeDestroyedWhileTheNameIsLookedUp) {
  bool finished = false;
  for (int i = 0; i < 20; ++i) {
    auto frame =
        ConnectForEver(reactor(), {"localhost", 1}, &finished).Release();
    frame.resume();
    frame.destroy();
    reactor()->Spawn(ConnectForEver(reactor(), {"localhost", 1}, &finished));
    reactor_.reset();
    reactor_ = Reactor::Create(&clock_).value();
  }
  EXPECT_FALSE(finished);
}

}  // namespace
}  // namespace pgbraid::net
