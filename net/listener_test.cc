#include "net/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "net/socket_address.h"
#include "net/socket_folder.h"
#include "net/test_support.h"

namespace pgbraid::net {
namespace {

using internal::SocketAddress;
using internal::UniqueFd;
using std::chrono::milliseconds;

class ListenerTest : public ReactorTest {
 protected:
  ListenerTest() : accepted_waiter_(reactor()) {}

  std::unique_ptr<Listener> Listen(const Address& address) {
    auto listener = Listener::Create(reactor(), address, [this](int fd) {
      accepted_.emplace_back(fd);
      accepted_waiter_.Notify();
    });
    EXPECT_TRUE(listener.ok()) << listener.status();
    return listener.ok() ? *std::move(listener) : nullptr;
  }

  // A blocking client; the kernel completes the connection by itself.
  static UniqueFd Client(const Address& address) {
    const auto name = SocketAddress::FromNumeric(address).value().value();
    UniqueFd fd(socket(name.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(fd.get(), name.get(), name.size()), 0);
    return fd;
  }

  Task<void> UntilAccepted(size_t count) {
    while (accepted_.size() < count) co_await accepted_waiter_.Wait();
  }

  Task<void> Sleep(Duration delay) {
    co_await SleepUntil(reactor(), reactor()->now() + delay);
  }

  Waiter accepted_waiter_;
  std::vector<UniqueFd> accepted_;
};

TEST_F(ListenerTest, TellsThePortThatTheKernelChose) {
  auto listener = Listen({"127.0.0.1", 0});
  EXPECT_GT(listener->port(), 0);
  UniqueFd client = Client({"127.0.0.1", listener->port()});
  Run(UntilAccepted(1));
  WriteAll(client.get(), "hello");
  char first = 0;
  while (recv(accepted_[0].get(), &first, 1, 0) != 1) {
    ASSERT_EQ(errno, EAGAIN) << "accepted sockets do not block";
  }
  EXPECT_EQ(first, 'h');
}

TEST_F(ListenerTest, AcceptsMoreThanOneRoundTakes) {
  auto listener = Listen({"127.0.0.1", 0});
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(Client({"127.0.0.1", listener->port()}));
  }
  Run(UntilAccepted(300));
  EXPECT_EQ(accepted_.size(), 300u);
}

TEST_F(ListenerTest, AddressInUseIsAnErrorThatSaysSo) {
  auto listener = Listen({"127.0.0.1", 0});
  const Address address = {"127.0.0.1", listener->port()};
  auto second = Listener::Create(reactor(), address, [](int) {});
  ASSERT_FALSE(second.ok());
  const std::string message = MessageOf(second.status());
  EXPECT_EQ(message, "could not listen on \"" + address.ToString() +
                         "\": Address already in use");
}

TEST_F(ListenerTest, StopsListeningWhenDestroyed) {
  auto listener = Listen({"127.0.0.1", 0});
  const Address address = {"127.0.0.1", listener->port()};
  listener.reset();
  listener = Listen(address);
  EXPECT_EQ(listener->port(), address.port);
}

TEST_F(ListenerTest, MayBeDestroyedByItsCallback) {
  std::unique_ptr<Listener> listener;
  int count = 0;
  listener = Listener::Create(reactor(), {"127.0.0.1", 0}, [&](int fd) {
               close(fd);
               ++count;
               listener.reset();
             }).value();
  const Address address = {"127.0.0.1", listener->port()};
  UniqueFd first = Client(address);
  UniqueFd second = Client(address);
  Run(Sleep(milliseconds(5)));
  EXPECT_EQ(count, 1);
  EXPECT_EQ(listener, nullptr);
}

int64_t ThreadCpuMicroseconds() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000 + time.tv_nsec / 1000;
}

// Lowers the limit of descriptors to those in use, for its lifetime.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const UniqueFd next(dup(0));
    const rlimit now = {static_cast<rlim_t>(next.get()), before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &now), 0);
  }
  ~NoDescriptorsLeft() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

TEST_F(ListenerTest, PausesWithoutDescriptorsAndGoesOnByItself) {
  auto listener = Listen({"127.0.0.1", 0});
  UniqueFd client = Client({"127.0.0.1", listener->port()});
  {
    NoDescriptorsLeft none;
    const int64_t before = ThreadCpuMicroseconds();
    Run(Sleep(milliseconds(150)));
    EXPECT_LT(ThreadCpuMicroseconds() - before, 30'000) << "it spins";
    EXPECT_TRUE(accepted_.empty());
  }
  Run(UntilAccepted(1));
  EXPECT_EQ(accepted_.size(), 1u);
}

class UnixListenerTest : public ListenerTest {
 protected:
  bool SocketFileExists() const {
    return access(address_.UnixPath().c_str(), F_OK) == 0;
  }

  SocketFolder folder_;
  const Address address_ = {folder_.path(), 6432};
};

TEST_F(UnixListenerTest, AcceptsAndTakesItsFileAway) {
  auto listener = Listen(address_);
  EXPECT_EQ(listener->port(), 6432);
  UniqueFd client = Client(address_);
  Run(UntilAccepted(1));
  EXPECT_TRUE(SocketFileExists());
  listener.reset();
  EXPECT_FALSE(SocketFileExists());
}

TEST_F(UnixListenerTest, ReplacesAFileThatNobodyListensOn) {
  const auto name = SocketAddress::FromNumeric(address_).value().value();
  {
    UniqueFd crashed(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(bind(crashed.get(), name.get(), name.size()), 0);
  }
  ASSERT_TRUE(SocketFileExists());
  auto listener = Listen(address_);
  ASSERT_NE(listener, nullptr);
  UniqueFd client = Client(address_);
  Run(UntilAccepted(1));
}

TEST_F(UnixListenerTest, LeavesAFileThatSomebodyListensOn) {
  auto listener = Listen(address_);
  auto second = Listener::Create(reactor(), address_, [](int) {});
  ASSERT_FALSE(second.ok());
  EXPECT_NE(MessageOf(second.status()).find("Address already in use"),
            std::string::npos);
  UniqueFd client = Client(address_);
  Run(UntilAccepted(1));
}

TEST_F(UnixListenerTest, LeavesAFileThatIsNoLongerItsOwn) {
  auto listener = Listen(address_);
  ASSERT_EQ(unlink(address_.UnixPath().c_str()), 0);
  auto second = Listen(address_);
  listener.reset();
  EXPECT_TRUE(SocketFileExists());
  UniqueFd client = Client(address_);
  Run(UntilAccepted(1));
}

}  // namespace
}  // namespace pgbraid::net
