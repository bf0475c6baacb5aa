#include "net/test_support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/check.h"

namespace pgbraid::net {
namespace {

Task<void> StopAfter(Reactor* reactor, Task<void> task,
                     std::shared_ptr<bool> finished) {
  co_await task;
  *finished = true;
  reactor->Stop();
}

Task<void> StopAt(Reactor* reactor, TimePoint deadline,
                  std::shared_ptr<bool> finished) {
  co_await SleepUntil(reactor, deadline);
  if (!*finished) reactor->Stop();
}

}  // namespace

void ReactorTest::Run(Task<void> task, Duration limit) {
  auto finished = std::make_shared<bool>(false);
  reactor()->Spawn(StopAt(reactor(), In(limit), finished));
  reactor()->Spawn(StopAfter(reactor(), std::move(task), finished));
  reactor()->Run();
  PGB_CHECK(*finished && "the task finishes in time");
}

SocketPair UnixPair() {
  int fds[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  return {internal::UniqueFd(fds[0]), internal::UniqueFd(fds[1])};
}

SocketPair TcpPair() {
  internal::UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* name = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(listener.get(), name, size), 0);
  EXPECT_EQ(listen(listener.get(), 1), 0);
  EXPECT_EQ(getsockname(listener.get(), name, &size), 0);
  SocketPair pair;
  pair.first =
      internal::UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(pair.first.get(), name, size), 0);
  pair.second = internal::UniqueFd(accept(listener.get(), nullptr, nullptr));
  EXPECT_TRUE(pair.second.valid());
  return pair;
}

void WriteAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    ASSERT_GT(sent, 0);
    data.remove_prefix(static_cast<size_t>(sent));
  }
}

std::string ReadAtMost(int fd, size_t bytes) {
  std::string result(bytes, '\0');
  size_t got = 0;
  while (got < bytes) {
    const ssize_t n = recv(fd, result.data() + got, bytes - got, 0);
    if (n <= 0) break;
    got += static_cast<size_t>(n);
  }
  result.resize(got);
  return result;
}

}  // namespace pgbraid::net
