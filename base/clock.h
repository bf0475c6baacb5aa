// Time, passed in so that tests can hold it.
#ifndef PGBRAID_BASE_CLOCK_H_
#define PGBRAID_BASE_CLOCK_H_

#include <chrono>

namespace pgbraid {

// A monotonic instant and span, in nanoseconds. Never compared between hosts.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

// A source of monotonic time. Implementations are safe from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
};

// The machine's monotonic clock.
class SystemClock : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
};

// A clock that stands still until a test moves it. One thread at a time.
class ManualClock : public Clock {
 public:
  TimePoint Now() const override { return now_; }
  void Advance(Duration by) { now_ += by; }

 private:
  TimePoint now_{};
};

}  // namespace pgbraid

#endif  // PGBRAID_BASE_CLOCK_H_
