#include "net/waiter.h"

#include "base/check.h"
#include "net/reactor_impl.h"

namespace pgbraid::net {

Waiter::~Waiter() {
  if (awaiter_ == nullptr) return;
  if (awaiter_->scheduled()) reactor_->impl()->timers().Remove(awaiter_);
  awaiter_->waiter_ = nullptr;
}

void Waiter::Notify() {
  if (awaiter_ == nullptr) {
    notified_ = true;
    return;
  }
  awaiter_->notified_ = true;
  MakeReady();
}

void Waiter::NotifyNextRound() {
  if (!linked()) reactor_->impl()->next_round().PushBack(*this);
}

void Waiter::MakeReady() {
  if (ready_) return;
  Unlink();  // from those of the next round
  ready_ = true;
  reactor_->impl()->ready().PushBack(*this);
}

void Waiter::Resume() {
  ready_ = false;
  Awaiter* awaiter = awaiter_;
  awaiter_ = nullptr;
  awaiter->suspended_ = false;
  if (awaiter->scheduled()) reactor_->impl()->timers().Remove(awaiter);
  awaiter->waiting_.resume();
}

void Waiter::Awaiter::await_suspend(std::coroutine_handle<> waiting) {
  PGB_CHECK(waiter_->awaiter_ == nullptr);
  waiting_ = waiting;
  suspended_ = true;
  waiter_->awaiter_ = this;
  if (deadline_ != TimePoint::max()) {
    waiter_->reactor_->impl()->timers().Add(this, deadline_);
  }
}

bool Waiter::Awaiter::DeadlinePassed() const {
  return deadline_ != TimePoint::max() &&
         deadline_ <= waiter_->reactor_->impl()->now();
}

void Waiter::Awaiter::Abandon() {
  if (waiter_ == nullptr) return;
  if (scheduled()) waiter_->reactor_->impl()->timers().Remove(this);
  waiter_->awaiter_ = nullptr;
  if (!waiter_->ready_) return;
  waiter_->ready_ = false;
  waiter_->Unlink();
  waiter_->notified_ = notified_;
}

}  // namespace pgbraid::net
