// The inside of a Reactor, for the other classes of net/. Reactor thread only,
// except for mailbox() and Stop().
#ifndef PGBRAID_NET_REACTOR_IMPL_H_
#define PGBRAID_NET_REACTOR_IMPL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "net/intrusive_list.h"
#include "net/mailbox.h"
#include "net/poller.h"
#include "net/reactor.h"
#include "net/timer_queue.h"
#include "net/waiter.h"

namespace pgbraid::net {

class Reactor::Impl : private internal::Poller::Handler {
 public:
  // Bytes of receive_buffer().
  static constexpr size_t kReceiveBytes = 64 * 1024;
  // Coroutines that go on in one round at most; the others in the next, so that
  // some which keep each other busy cannot starve the sockets.
  static constexpr int kMaxResumes = 4096;

  Impl(const Clock* clock, std::unique_ptr<internal::Poller> poller,
       std::shared_ptr<internal::Mailbox> mailbox);
  ~Impl();

  void Run();
  void Stop();
  void Spawn(Task<void> task);
  void DestroySpawned();

  const Clock* clock() const { return clock_; }
  TimePoint now() const { return now_; }
  uint32_t round() const { return round_; }

  internal::Poller& poller() { return *poller_; }
  internal::TimerQueue& timers() { return timers_; }
  internal::IntrusiveList<Waiter>& ready() { return ready_; }
  internal::IntrusiveList<Waiter>& next_round() { return next_round_; }
  const std::shared_ptr<internal::Mailbox>& mailbox() const { return mailbox_; }

  // kReceiveBytes that every stream receives into.
  char* receive_buffer() { return receive_buffer_.get(); }
  // As many, for what a stream has decrypted. Made at first use.
  char* plain_buffer() {
    if (plain_buffer_ == nullptr) {
      plain_buffer_.reset(new char[kReceiveBytes]);
    }
    return plain_buffer_.get();
  }

 private:
  struct Spawned;
  static Spawned Start(Impl* impl, Task<void> task);

  void OnEvents(uint32_t) override {}  // the mailbox has woken the loop

  void RunRound();
  int TimeoutMs() const;
  void RunPosted();
  void FireTimers();
  void ResumeReady();

  // Constant after construction.
  const Clock* const clock_;
  const std::unique_ptr<internal::Poller> poller_;
  const std::shared_ptr<internal::Mailbox> mailbox_;
  const std::unique_ptr<char[]> receive_buffer_;

  // Any thread.
  std::atomic<bool> stop_{false};

  // The reactor's thread.
  std::unique_ptr<char[]> plain_buffer_;
  TimePoint now_;
  uint32_t round_ = 0;
  internal::TimerQueue timers_;
  internal::IntrusiveList<Waiter> ready_;
  internal::IntrusiveList<Waiter> next_round_;
  internal::IntrusiveList<internal::ListNode> spawned_;  // promises
};

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_REACTOR_IMPL_H_
