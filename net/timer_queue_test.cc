#include "net/timer_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <random>
#include <vector>

namespace pgbraid::net::internal {
namespace {

TimePoint At(int64_t ns) { return TimePoint(std::chrono::nanoseconds(ns)); }

TEST(TimerQueueTest, GivesOnlyWhatIsDueEarliestFirst) {
  TimerQueue queue;
  EXPECT_EQ(queue.next(), TimePoint::max());
  Timer late;
  Timer early;
  queue.Add(&late, At(20));
  queue.Add(&early, At(10));
  EXPECT_EQ(queue.next(), At(10));
  EXPECT_EQ(queue.PopDue(At(9)), nullptr);
  EXPECT_EQ(queue.PopDue(At(10)), &early);
  EXPECT_FALSE(early.scheduled());
  EXPECT_EQ(queue.PopDue(At(10)), nullptr);
  EXPECT_EQ(queue.PopDue(At(30)), &late);
  EXPECT_TRUE(queue.empty());
}

TEST(TimerQueueTest, RemovedTimersAreNotGiven) {
  TimerQueue queue;
  Timer timer;
  queue.Add(&timer, At(10));
  queue.Remove(&timer);
  EXPECT_FALSE(timer.scheduled());
  EXPECT_EQ(queue.PopDue(At(10)), nullptr);
  queue.Add(&timer, At(5));
  EXPECT_EQ(queue.PopDue(At(10)), &timer);
}

// Against an ordered map, with thousands of timers joining and leaving.
TEST(TimerQueueTest, AgreesWithAnOrderedMap) {
  TimerQueue queue;
  std::mt19937 random(5);
  std::vector<Timer> timers(5'000);
  std::map<Timer*, int64_t> expected;
  int64_t now = 0;
  for (int step = 0; step < 100'000; ++step) {
    Timer* timer = &timers[random() % timers.size()];
    if (timer->scheduled()) {
      queue.Remove(timer);
      expected.erase(timer);
    } else {
      const int64_t deadline = now + random() % 10'000;
      queue.Add(timer, At(deadline));
      expected[timer] = deadline;
    }
    if (step % 1'000 != 0) continue;
    now += 2'000;
    int64_t last = 0;
    while (Timer* due = queue.PopDue(At(now))) {
      auto found = expected.find(due);
      ASSERT_NE(found, expected.end());
      EXPECT_LE(found->second, now);
      EXPECT_GE(found->second, last);
      last = found->second;
      expected.erase(found);
    }
    for (const auto& [left, deadline] : expected) ASSERT_GT(deadline, now);
    ASSERT_EQ(queue.size(), expected.size());
  }
}

}  // namespace
}  // namespace pgbraid::net::internal
