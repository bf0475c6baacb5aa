// Deadlines in order: a binary heap whose entries know their place, so that one
// can be taken out in O(log n). One thread; part of a Reactor.
#ifndef PGBRAID_NET_TIMER_QUEUE_H_
#define PGBRAID_NET_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace pgbraid::net::internal {

// What has a deadline inherits this. It must leave the queue before it is
// destroyed.
class Timer {
 public:
  bool scheduled() const { return place_ != kNowhere; }

 private:
  friend class TimerQueue;
  static constexpr uint32_t kNowhere = UINT32_MAX;
  uint32_t place_ = kNowhere;  // in the heap
};

class TimerQueue {
 public:
  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }

  // The earliest deadline; TimePoint::max() if there is none.
  TimePoint next() const {
    return heap_.empty() ? TimePoint::max() : heap_.front().deadline;
  }

  // `timer` must not be scheduled.
  void Add(Timer* timer, TimePoint deadline);

  // `timer` must be scheduled.
  void Remove(Timer* timer);

  // Takes out the earliest timer whose deadline is not after `now`; null if
  // there is none.
  Timer* PopDue(TimePoint now);

 private:
  struct Entry {
    TimePoint deadline;
    Timer* timer;
  };
  void Put(size_t place, Entry entry);
  void MoveUp(size_t place, Entry entry);
  void MoveDown(size_t place, Entry entry);

  std::vector<Entry> heap_;
};

}  // namespace pgbraid::net::internal

#endif  // PGBRAID_NET_TIMER_QUEUE_H_
