#include "net/waiter.h"

#include <chrono>
#include <optional>
#include <vector>

#include "net/test_support.h"

namespace pgbraid::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class WaiterTest : public ReactorTest {};

Task<void> CountWakeUps(Waiter* waiter, int* count) {
  for (;;) {
    const bool notified = co_await waiter->Wait();
    EXPECT_TRUE(notified);
    ++*count;
  }
}

Task<void> NotifyThrice(Waiter* waiter, int* count) {
  waiter->Notify();
  waiter->Notify();
  waiter->Notify();
  EXPECT_EQ(*count, 0) << "nobody goes on from within Notify()";
  co_await SleepUntil(waiter->reactor(),
                      waiter->reactor()->now() + milliseconds(1));
}

TEST_F(WaiterTest, NotificationsCoalesce) {
  Waiter waiter(reactor());
  int count = 0;
  reactor()->Spawn(CountWakeUps(&waiter, &count));
  Run(NotifyThrice(&waiter, &count));
  EXPECT_EQ(count, 1);
}

Task<void> WaitTwice(Waiter* waiter, std::vector<bool>* results) {
  results->push_back(co_await waiter->Wait());
  results->push_back(co_await waiter->Wait(waiter->reactor()->clock()->Now() +
                                           milliseconds(2)));
}

TEST_F(WaiterTest, NotificationBeforeTheWaitIsKeptOnce) {
  Waiter waiter(reactor());
  waiter.Notify();
  waiter.Notify();
  std::vector<bool> results;
  Run(WaitTwice(&waiter, &results));
  EXPECT_EQ(results, (std::vector<bool>{true, false}));
}

Task<void> WaitUntil(Waiter* waiter, TimePoint deadline,
                     std::optional<bool>* result) {
  *result = co_await waiter->Wait(deadline);
}

TEST_F(WaiterTest, DeadlineEndsTheWaitAndNotBefore) {
  Waiter waiter(reactor());
  std::optional<bool> result;
  const TimePoint deadline = In(milliseconds(20));
  Run(WaitUntil(&waiter, deadline, &result));
  EXPECT_EQ(result, false);
  EXPECT_GE(clock_.Now(), deadline);
}

TEST_F(WaiterTest, PastDeadlineDoesNotWait) {
  Waiter waiter(reactor());
  std::optional<bool> result;
  reactor()->Spawn(WaitUntil(&waiter, reactor()->now(), &result));
  EXPECT_EQ(result, false);
}

TEST_F(WaiterTest, NotificationBeatsPastDeadline) {
  Waiter waiter(reactor());
  waiter.Notify();
  std::optional<bool> result;
  reactor()->Spawn(WaitUntil(&waiter, reactor()->now(), &result));
  EXPECT_EQ(result, true);
}

Task<void> NotifyAndSleep(Waiter* waiter, Duration delay) {
  waiter->Notify();
  co_await SleepUntil(waiter->reactor(), waiter->reactor()->now() + delay);
}

TEST_F(WaiterTest, NotificationTakesTheTimerAway) {
  Waiter waiter(reactor());
  std::optional<bool> first;
  reactor()->Spawn(WaitUntil(&waiter, In(milliseconds(5)), &first));
  Run(NotifyAndSleep(&waiter, milliseconds(15)));
  EXPECT_EQ(first, true);
}

Task<void> Sleep(Reactor* reactor, Duration delay) {
  co_await SleepUntil(reactor, reactor->now() + delay);
}

// The coroutine that waits is destroyed: as the outermost frame, or while the
// waiter itself lives elsewhere.
TEST_F(WaiterTest, FrameMayBeDestroyedWhileItWaits) {
  Waiter waiter(reactor());
  std::optional<bool> result;
  for (bool notified : {false, true}) {
    auto frame = WaitUntil(&waiter, In(hours(1)), &result).Release();
    frame.resume();
    if (notified) waiter.Notify();
    frame.destroy();
  }
  EXPECT_EQ(result, std::nullopt);
  // What it was notified of is there for the next one.
  reactor()->Spawn(WaitUntil(&waiter, In(hours(1)), &result));
  EXPECT_EQ(result, true);
  Run(Sleep(reactor(), milliseconds(1)));
}

TEST_F(WaiterTest, WaiterMayBeDestroyedBeforeTheFrame) {
  std::optional<Waiter> waiter;
  std::optional<bool> result;
  for (bool notified : {false, true}) {
    waiter.emplace(reactor());
    auto frame = WaitUntil(&*waiter, In(milliseconds(1)), &result).Release();
    frame.resume();
    if (notified) waiter->Notify();
    waiter.reset();
    Run(Sleep(reactor(), milliseconds(3)));
    frame.destroy();
  }
  EXPECT_EQ(result, std::nullopt);
}

Task<void> Record(Waiter* waiter, int number, std::vector<int>* order) {
  co_await waiter->Wait();
  order->push_back(number);
}

Task<void> NotifyBoth(Waiter* late, Waiter* soon) {
  late->NotifyNextRound();
  soon->Notify();
  co_await Sleep(soon->reactor(), milliseconds(1));
}

TEST_F(WaiterTest, NextRoundComesAfterThisOne) {
  Waiter late(reactor());
  Waiter soon(reactor());
  std::vector<int> order;
  reactor()->Spawn(Record(&late, 2, &order));
  reactor()->Spawn(Record(&soon, 1, &order));
  Run(NotifyBoth(&late, &soon));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

Task<void> NotifyLateThenAtOnce(Waiter* waiter) {
  waiter->NotifyNextRound();
  waiter->Notify();
  co_await Sleep(waiter->reactor(), milliseconds(1));
}

TEST_F(WaiterTest, NotifyOvertakesTheNextRound) {
  Waiter waiter(reactor());
  int count = 0;
  reactor()->Spawn(CountWakeUps(&waiter, &count));
  Run(NotifyLateThenAtOnce(&waiter));
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace pgbraid::net
