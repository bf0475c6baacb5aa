// What waiting costs: a call of a coroutine, and a way through the loop's ready
// list.
#include <benchmark/benchmark.h>

#include <chrono>

#include "base/clock.h"
#include "net/reactor.h"
#include "net/task.h"

namespace pgbraid::net {
namespace {

Task<int> Leaf(int value) { co_return value; }

Task<int> Middle(int value) { co_return co_await Leaf(value) + 1; }

Task<void> Call(benchmark::State* state) {
  int value = 0;
  for (auto _ : *state) value = co_await Leaf(value);
  benchmark::DoNotOptimize(value);
}

Task<void> CallTwoDeep(benchmark::State* state) {
  int value = 0;
  for (auto _ : *state) value = co_await Middle(value);
  benchmark::DoNotOptimize(value);
}

void BM_Task_Call(benchmark::State& state) {
  SystemClock clock;
  auto reactor = Reactor::Create(&clock).value();
  reactor->Spawn(Call(&state));
}
BENCHMARK(BM_Task_Call);

void BM_Task_CallTwoDeep(benchmark::State& state) {
  SystemClock clock;
  auto reactor = Reactor::Create(&clock).value();
  reactor->Spawn(CallTwoDeep(&state));
}
BENCHMARK(BM_Task_CallTwoDeep);

Task<void> Echo(Waiter* mine, Waiter* other, Duration timeout) {
  for (;;) {
    const TimePoint deadline = timeout == Duration::max()
                                   ? TimePoint::max()
                                   : mine->reactor()->now() + timeout;
    co_await mine->Wait(deadline);
    other->Notify();
  }
}

Task<void> Ask(benchmark::State* state, Waiter* mine, Waiter* other) {
  for (auto _ : *state) {
    other->Notify();
    co_await mine->Wait();
  }
  mine->reactor()->Stop();
}

void PingPong(benchmark::State& state, Duration timeout) {
  SystemClock clock;
  auto reactor = Reactor::Create(&clock).value();
  Waiter first(reactor.get());
  Waiter second(reactor.get());
  reactor->Spawn(Echo(&second, &first, timeout));
  reactor->Spawn(Ask(&state, &first, &second));
  reactor->Run();
  reactor.reset();
}

// Two waits and two notifications.
void BM_Waiter_PingPong(benchmark::State& state) {
  PingPong(state, Duration::max());
}
BENCHMARK(BM_Waiter_PingPong);

void BM_Waiter_PingPongWithDeadline(benchmark::State& state) {
  PingPong(state, std::chrono::seconds(10));
}
BENCHMARK(BM_Waiter_PingPongWithDeadline);

}  // namespace
}  // namespace pgbraid::net
