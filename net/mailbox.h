// How other threads reach a reactor: work is put in, and the reactor is woken
// through a descriptor. Any thread. Shared, so that a thread which still has an
// answer for a reactor may outlive it (the answer is dropped then).
#ifndef PGBRAID_NET_MAILBOX_H_
#define PGBRAID_NET_MAILBOX_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

#include "absl/base/thread_annotations.h"

namespace pgbraid::net::internal {

class Mailbox {
 public:
  using Work = std::function<void()>;

  // Takes over `event_fd`, an eventfd that the reactor waits on.
  explicit Mailbox(int event_fd) : event_fd_(event_fd) {}
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Adds `work` and wakes the reactor; false (and `work` is dropped) after
  // Close().
  bool Post(Work work);

  // Wakes the reactor.
  void Wake();

  // Whether Take() would find anything.
  bool has_mail() const { return has_mail_.load(std::memory_order_acquire); }

  // All that was posted, oldest first.
  std::vector<Work> Take();

  // Nothing is taken in from here on; what was there is dropped.
  void Close();

  int event_fd() const { return event_fd_; }

 private:
  const int event_fd_;
  std::atomic<bool> has_mail_{false};
  std::mutex mutex_;
  std::vector<Work> work_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace pgbraid::net::internal

#endif  // PGBRAID_NET_MAILBOX_H_
