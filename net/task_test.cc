#include "net/task.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace pgbraid::net {
namespace {

// Runs a task that never waits for anything outside.
template <class T>
T Finish(Task<T> task) {
  auto handle = task.Release();
  handle.resume();
  EXPECT_TRUE(handle.done());
  if constexpr (std::is_void_v<T>) {
    handle.destroy();
  } else {
    T value = *std::move(handle.promise().value);
    handle.destroy();
    return value;
  }
}

char* StackPointer() { return static_cast<char*>(__builtin_frame_address(0)); }

Task<int> Answer(int value) { co_return value; }

Task<int64_t> SumOfMany(int count) {
  int64_t sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await Answer(i);
  co_return sum;
}

struct StackUse {
  char* highest = nullptr;
  char* lowest = nullptr;
  void Note() {
    char* here = StackPointer();
    if (highest == nullptr || here > highest) highest = here;
    if (lowest == nullptr || here < lowest) lowest = here;
  }
  int64_t bytes() const { return highest - lowest; }
};

Task<int> Deep(int depth, StackUse* use) {
  use->Note();
  if (depth == 0) co_return 0;
  const int below = co_await Deep(depth - 1, use);
  use->Note();
  co_return below + 1;
}

// Sanitizers keep GCC from calling in tail position.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kTailCalls = false;
#else
constexpr bool kTailCalls = true;
#endif

TEST(TaskTest, LoopOfAMillionAwaitsUsesNoStack) {
  if (!kTailCalls) GTEST_SKIP();
  EXPECT_EQ(Finish(SumOfMany(1'000'000)), 499'999'500'000);
}

TEST(TaskTest, ChainOfAMillionUsesNoStack) {
  if (!kTailCalls) GTEST_SKIP();
  StackUse use;
  EXPECT_EQ(Finish(Deep(1'000'000, &use)), 1'000'000);
  EXPECT_LT(use.bytes(), 4096);
}

Task<std::unique_ptr<int>> Owned() { co_return std::make_unique<int>(7); }

Task<int> TakesOwned() {
  std::unique_ptr<int> owned = co_await Owned();
  co_return *owned;
}

TEST(TaskTest, ResultsAreMoved) { EXPECT_EQ(Finish(TakesOwned()), 7); }

struct Suspend {
  std::coroutine_handle<>* waiting;
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> handle) { *waiting = handle; }
  void await_resume() {}
};

struct Mark {
  std::vector<int>* order;
  int number;
  ~Mark() { order->push_back(number); }
};

Task<void> Inner(std::coroutine_handle<>* waiting, std::vector<int>* order) {
  Mark mark{order, 1};
  co_await Suspend{waiting};
  order->push_back(100);
}

Task<void> Outer(std::coroutine_handle<>* waiting, std::vector<int>* order) {
  Mark mark{order, 2};
  co_await Inner(waiting, order);
  order->push_back(200);
}

TEST(TaskTest, IsLazy) {
  std::coroutine_handle<> waiting;
  std::vector<int> order;
  { Task<void> task = Inner(&waiting, &order); }
  EXPECT_TRUE(order.empty());
  EXPECT_FALSE(waiting);
}

TEST(TaskTest, DestroyingASuspendedChainDestroysItsLocalsInsideOut) {
  std::coroutine_handle<> waiting;
  std::vector<int> order;
  auto handle = Outer(&waiting, &order).Release();
  handle.resume();
  ASSERT_TRUE(waiting);
  handle.destroy();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(TaskTest, GoesOnWhereItWasSuspended) {
  std::coroutine_handle<> waiting;
  std::vector<int> order;
  auto handle = Outer(&waiting, &order).Release();
  handle.resume();
  waiting.resume();
  EXPECT_TRUE(handle.done());
  handle.destroy();
  EXPECT_EQ(order, (std::vector<int>{100, 1, 200, 2}));
}

TEST(TaskTest, PromisesAreSmall) {
  EXPECT_EQ(sizeof(internal::Promise<void>), sizeof(void*));
  EXPECT_LE(sizeof(internal::Promise<int>), 2 * sizeof(void*));
}

}  // namespace
}  // namespace pgbraid::net
