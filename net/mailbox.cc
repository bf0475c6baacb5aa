#include "net/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace pgbraid::net::internal {

Mailbox::~Mailbox() { close(event_fd_); }

bool Mailbox::Post(Work work) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    work_.push_back(std::move(work));
  }
  // One wake-up is enough for all that comes before the reactor looks.
  if (!has_mail_.exchange(true, std::memory_order_acq_rel)) Wake();
  return true;
}

// The reactor watches edges, so that the counter is never read back; it holds
// 2^64 - 2 wake-ups.
void Mailbox::Wake() { eventfd_write(event_fd_, 1); }

std::vector<Mailbox::Work> Mailbox::Take() {
  std::vector<Work> taken;
  if (!has_mail_.exchange(false, std::memory_order_acq_rel)) return taken;
  std::lock_guard lock(mutex_);
  taken.swap(work_);
  return taken;
}

void Mailbox::Close() {
  std::vector<Work> dropped;  // outside of the lock: destructors may post
  std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(work_);
}

}  // namespace pgbraid::net::internal
