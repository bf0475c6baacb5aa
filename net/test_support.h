// What the tests of net/ share: a reactor with the machine's clock that runs
// one task to its end, and connected sockets.
#ifndef PGBRAID_NET_TEST_SUPPORT_H_
#define PGBRAID_NET_TEST_SUPPORT_H_

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "net/reactor.h"
#include "net/unique_fd.h"

namespace pgbraid::net {

class ReactorTest : public testing::Test {
 protected:
  ReactorTest() : reactor_(Reactor::Create(&clock_).value()) {}

  // Spawns `task` and runs the reactor until it has finished. Ends the process
  // if that takes longer than `limit`: nothing could be cleaned up.
  void Run(Task<void> task, Duration limit = std::chrono::seconds(20));

  TimePoint In(Duration delay) const { return clock_.Now() + delay; }

  Reactor* reactor() { return reactor_.get(); }

  SystemClock clock_;
  std::unique_ptr<Reactor> reactor_;
};

struct SocketPair {
  internal::UniqueFd first;
  internal::UniqueFd second;
};

// Blocking ends of a Unix socket pair, or of a TCP connection over loopback.
SocketPair UnixPair();
SocketPair TcpPair();

// Writes all of `data` to a blocking socket.
void WriteAll(int fd, std::string_view data);

// Reads from a blocking socket until `bytes` are there or the peer has
// finished.
std::string ReadAtMost(int fd, size_t bytes);

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_TEST_SUPPORT_H_
