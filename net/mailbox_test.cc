#include "net/mailbox.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <memory>
#include <vector>

namespace pgbraid::net::internal {
namespace {

class MailboxTest : public testing::Test {
 protected:
  MailboxTest() : mailbox_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  // How often the reactor was woken since the last call.
  uint64_t WakeUps() {
    eventfd_t count = 0;
    eventfd_read(mailbox_.event_fd(), &count);
    return count;
  }

  Mailbox mailbox_;
};

TEST_F(MailboxTest, GivesWorkInTheOrderPosted) {
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(mailbox_.Post([&order, i] { order.push_back(i); }));
  }
  EXPECT_TRUE(mailbox_.has_mail());
  for (auto& work : mailbox_.Take()) work();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_FALSE(mailbox_.has_mail());
  EXPECT_TRUE(mailbox_.Take().empty());
}

TEST_F(MailboxTest, WakesOnceForAllThatWaits) {
  EXPECT_EQ(WakeUps(), 0u);
  for (int i = 0; i < 3; ++i) mailbox_.Post([] {});
  EXPECT_EQ(WakeUps(), 1u);
  mailbox_.Take();
  mailbox_.Post([] {});
  EXPECT_EQ(WakeUps(), 1u);
  mailbox_.Wake();
  EXPECT_EQ(WakeUps(), 1u);
}

TEST_F(MailboxTest, TakesNothingOnceClosed) {
  auto held = std::make_shared<int>(0);
  EXPECT_TRUE(mailbox_.Post([held] {}));
  mailbox_.Close();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(mailbox_.Post([held] {}));
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_TRUE(mailbox_.Take().empty());
}

}  // namespace
}  // namespace pgbraid::net::internal
