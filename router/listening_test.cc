#include "router/listening.h"

#include <gtest/gtest.h>

namespace pgbraid::router {
namespace {

TEST(ListeningTest, GivesWhatIsListenedToInOrder) {
  Listening listening;
  listening.channels.Listen("a");
  listening.channels.Listen("b");
  listening.channels.Commit();
  listening.Add("a", "1");
  listening.Add("b", "2");
  listening.Add("c", "3");
  listening.Add("a", "4");
  EXPECT_EQ(listening.Take(), "124");
  EXPECT_FALSE(listening.has_waiting());
  EXPECT_EQ(listening.waiting_bytes(), 0u);
}

TEST(ListeningTest, GivesWhatTheTransactionListensToOnceItHasCommitted) {
  Listening listening;
  listening.channels.Listen("a");
  listening.Add("a", "early");
  listening.ForgetEarly();
  EXPECT_EQ(listening.waiting_bytes(), 0u);
  listening.Add("a", "own");
  listening.channels.Commit();
  EXPECT_EQ(listening.Take(), "own");
}

TEST(ListeningTest, ForgetsWhatTheTransactionHasUnlistenedTo) {
  Listening listening;
  listening.channels.Listen("a");
  listening.channels.Commit();
  listening.Add("a", "1");
  listening.channels.Unlisten("a");
  listening.channels.Commit();
  EXPECT_EQ(listening.Take(), "");
}

TEST(ListeningTest, CountsWhatWaits) {
  Listening listening;
  listening.channels.Listen("a");
  listening.channels.Commit();
  listening.Add("a", std::string(1000, 'x'));
  EXPECT_GT(listening.waiting_bytes(), 1000u);
  listening.Drop();
  EXPECT_EQ(listening.waiting_bytes(), 0u);
}

}  // namespace
}  // namespace pgbraid::router
