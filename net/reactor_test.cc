#include "net/reactor.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "net/test_support.h"

namespace pgbraid::net {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

using ReactorLoopTest = ReactorTest;

TEST_F(ReactorLoopTest, StopBeforeRunEndsItAtOnce) {
  reactor()->Stop();
  reactor()->Run();
  reactor()->Post([this] { reactor()->Stop(); });
  reactor()->Run();
}

TEST_F(ReactorLoopTest, PostedWorkRunsInOrder) {
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    reactor()->Post([&order, i] { order.push_back(i); });
  }
  reactor()->Post([this] { reactor()->Stop(); });
  reactor()->Run();
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(ReactorLoopTest, PostsFromManyThreadsAllArriveOnItsThread) {
  constexpr int kThreads = 4;
  constexpr int kPosts = 20'000;
  std::vector<int> last(kThreads, -1);
  int left = kThreads * kPosts;
  bool in_order = true;
  const auto own_thread = std::this_thread::get_id();
  bool on_own_thread = true;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        reactor()->Post([&, t, i] {
          in_order &= last[t] == i - 1;
          last[t] = i;
          on_own_thread &= std::this_thread::get_id() == own_thread;
          if (--left == 0) reactor()->Stop();
        });
      }
    });
  }
  reactor()->Run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(left, 0);
  EXPECT_TRUE(in_order);
  EXPECT_TRUE(on_own_thread);
}

// One post at a time, each into a loop that has just gone to sleep.
TEST_F(ReactorLoopTest, NoWakeUpIsLost) {
  std::atomic<int> seen{0};
  std::thread poster([&] {
    for (int i = 1; i <= 5'000; ++i) {
      reactor()->Post([&seen, i] { seen.store(i); });
      while (seen.load() < i) std::this_thread::yield();
    }
    reactor()->Stop();
  });
  reactor()->Run();
  poster.join();
  EXPECT_EQ(seen.load(), 5'000);
}

Task<void> SetWhenDone(Reactor* reactor, TimePoint deadline, int number,
                       std::vector<int>* order) {
  co_await SleepUntil(reactor, deadline);
  order->push_back(number);
}

Task<void> Sleep(Reactor* reactor, Duration delay) {
  co_await SleepUntil(reactor, reactor->now() + delay);
}

TEST_F(ReactorLoopTest, ThousandsOfTimersFireInOrder) {
  constexpr int kTimers = 5'000;
  std::vector<int> numbers(kTimers);
  for (int i = 0; i < kTimers; ++i) numbers[i] = i;
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937(1));
  std::vector<int> order;
  const TimePoint start = In(milliseconds(1));
  for (int number : numbers) {
    reactor()->Spawn(SetWhenDone(reactor(), start + microseconds(10 * number),
                                 number, &order));
  }
  Run(Sleep(reactor(), milliseconds(80)));
  ASSERT_EQ(order.size(), numbers.size());
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(ReactorLoopTest, AManualClockDecidesOnDeadlines) {
  ManualClock clock;
  auto reactor = Reactor::Create(&clock).value();
  std::vector<int> order;
  reactor->Spawn(SetWhenDone(reactor.get(), clock.Now() + hours(1), 1, &order));
  reactor->Post([&] { reactor->Stop(); });
  reactor->Run();
  EXPECT_TRUE(order.empty());
  clock.Advance(hours(1));
  reactor->Post([&] { reactor->Stop(); });
  reactor->Run();
  EXPECT_EQ(order, (std::vector<int>{1}));
}

struct Mark {
  std::vector<int>* order;
  int number;
  ~Mark() { order->push_back(number); }
};

Task<void> WaitForEver(Reactor* reactor, std::vector<int>* order, int number) {
  Mark mark{order, number};
  Waiter waiter(reactor);
  co_await waiter.Wait(reactor->now() + hours(1));
}

Task<void> WaitInside(Reactor* reactor, std::vector<int>* order, int number) {
  Mark mark{order, number};
  co_await WaitForEver(reactor, order, number - 1);
}

TEST_F(ReactorLoopTest, DestructionDestroysWhatWasSpawned) {
  std::vector<int> order;
  reactor()->Spawn(WaitInside(reactor(), &order, 2));
  reactor()->Spawn(WaitInside(reactor(), &order, 4));
  reactor_.reset();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(ReactorLoopTest, DestructionDropsWhatWasPosted) {
  auto held = std::make_shared<int>(1);
  bool ran = false;
  reactor()->Post([held, &ran] { ran = true; });
  EXPECT_EQ(held.use_count(), 2);
  reactor_.reset();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(ran);
}

Task<void> Return(int* ran) {
  ++*ran;
  co_return;
}

TEST_F(ReactorLoopTest, SpawnStartsAtOnceAndForgetsWhatHasFinished) {
  int ran = 0;
  for (int i = 0; i < 1'000; ++i) reactor()->Spawn(Return(&ran));
  EXPECT_EQ(ran, 1'000);
}

// Two coroutines that wake each other all the time.
Task<void> PingPong(Waiter* mine, Waiter* other, const bool* stop) {
  while (!*stop) {
    other->Notify();
    co_await mine->Wait();
  }
  other->Notify();
}

TEST_F(ReactorLoopTest, BusyCoroutinesDoNotStarveTimersAndPosts) {
  Waiter first(reactor());
  Waiter second(reactor());
  bool stop = false;
  bool posted = false;
  reactor()->Spawn(PingPong(&first, &second, &stop));
  reactor()->Spawn(PingPong(&second, &first, &stop));
  std::thread poster([&] { reactor()->Post([&] { posted = true; }); });
  Run(Sleep(reactor(), milliseconds(20)));
  poster.join();
  EXPECT_TRUE(posted);
  stop = true;
  Run(Sleep(reactor(), milliseconds(1)));
}

}  // namespace
}  // namespace pgbraid::net
