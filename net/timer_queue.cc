#include "net/timer_queue.h"

#include "base/check.h"

namespace pgbraid::net::internal {

void TimerQueue::Add(Timer* timer, TimePoint deadline) {
  PGB_CHECK(!timer->scheduled());
  heap_.push_back({});
  MoveUp(heap_.size() - 1, {deadline, timer});
}

void TimerQueue::Remove(Timer* timer) {
  PGB_CHECK(timer->scheduled());
  const size_t place = timer->place_;
  timer->place_ = Timer::kNowhere;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  // The last entry fills the gap; it may belong above or below it.
  if (place > 0 && last.deadline < heap_[(place - 1) / 2].deadline) {
    MoveUp(place, last);
  } else {
    MoveDown(place, last);
  }
}

Timer* TimerQueue::PopDue(TimePoint now) {
  if (heap_.empty() || heap_.front().deadline > now) return nullptr;
  Timer* due = heap_.front().timer;
  Remove(due);
  return due;
}

void TimerQueue::Put(size_t place, Entry entry) {
  heap_[place] = entry;
  entry.timer->place_ = static_cast<uint32_t>(place);
}

void TimerQueue::MoveUp(size_t place, Entry entry) {
  while (place > 0) {
    const size_t parent = (place - 1) / 2;
    if (heap_[parent].deadline <= entry.deadline) break;
    Put(place, heap_[parent]);
    place = parent;
  }
  Put(place, entry);
}

void TimerQueue::MoveDown(size_t place, Entry entry) {
  for (;;) {
    size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() &&
        heap_[child + 1].deadline < heap_[child].deadline) {
      ++child;
    }
    if (entry.deadline <= heap_[child].deadline) break;
    Put(place, heap_[child]);
    place = child;
  }
  Put(place, entry);
}

}  // namespace pgbraid::net::internal
