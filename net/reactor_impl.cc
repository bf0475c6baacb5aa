#include "net/reactor_impl.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"

namespace pgbraid::net {

// The outermost coroutine around a spawned task: starts at once, is listed as
// long as it lives, and destroys itself at its end.
struct Reactor::Impl::Spawned {
  struct promise_type : internal::ListNode {
    promise_type(Impl* impl, Task<void>&) { impl->spawned_.PushBack(*this); }
    static void* operator new(size_t bytes) {
      return internal::FramePool::Allocate(bytes);
    }
    static void operator delete(void* frame, size_t bytes) {
      internal::FramePool::Free(frame, bytes);
    }
    Spawned get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::abort(); }
  };
};

Reactor::Impl::Impl(const Clock* clock,
                    std::unique_ptr<internal::Poller> poller,
                    std::shared_ptr<internal::Mailbox> mailbox)
    : clock_(clock),
      poller_(std::move(poller)),
      mailbox_(std::move(mailbox)),
      receive_buffer_(new char[kReceiveBytes]),
      now_(clock->Now()) {
  PGB_CHECK(poller_->Add(mailbox_->event_fd(), this) == 0);
}

Reactor::Impl::~Impl() { poller_->Remove(mailbox_->event_fd(), this); }

Reactor::Impl::Spawned Reactor::Impl::Start(Impl*, Task<void> task) {
  co_await task;
}

void Reactor::Impl::Spawn(Task<void> task) { Start(this, std::move(task)); }

void Reactor::Impl::DestroySpawned() {
  mailbox_->Close();
  while (internal::ListNode* node = spawned_.PopFront()) {
    auto& promise = static_cast<Spawned::promise_type&>(*node);
    std::coroutine_handle<Spawned::promise_type>::from_promise(promise)
        .destroy();
  }
}

void Reactor::Impl::Run() {
  while (!stop_.load(std::memory_order_acquire)) RunRound();
  stop_.store(false, std::memory_order_release);
}

void Reactor::Impl::Stop() {
  stop_.store(true, std::memory_order_release);
  mailbox_->Wake();
}

void Reactor::Impl::RunRound() {
  poller_->Wait(TimeoutMs());
  now_ = clock_->Now();
  ++round_;
  poller_->Dispatch();
  RunPosted();
  FireTimers();
  ResumeReady();
  while (Waiter* waiter = next_round_.PopFront()) waiter->Notify();
}

int Reactor::Impl::TimeoutMs() const {
  if (!ready_.empty() || mailbox_->has_mail()) return 0;
  if (timers_.empty()) return -1;
  // Rounded up, so that a deadline has passed when the wait ends; an hour at
  // most, which the next round prolongs.
  const Duration left = timers_.next() - clock_->Now();
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<int64_t>(ms, 0, 3'600'000));
}

void Reactor::Impl::RunPosted() {
  if (!mailbox_->has_mail()) return;
  for (auto& work : mailbox_->Take()) work();
}

void Reactor::Impl::FireTimers() {
  while (internal::Timer* timer = timers_.PopDue(now_)) {
    static_cast<Waiter::Awaiter*>(timer)->waiter_->MakeReady();
  }
}

void Reactor::Impl::ResumeReady() {
  for (int i = 0; i < kMaxResumes; ++i) {
    Waiter* waiter = ready_.PopFront();
    if (waiter == nullptr) return;
    waiter->Resume();
  }
}

}  // namespace pgbraid::net
