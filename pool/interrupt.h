// Tells the coroutine that runs a statement, wherever it waits, that its client
// wants the statement no more.
//
// Owned by a session; handed down to whatever waits on its behalf (a checkout,
// a sample, a failover). Reactor thread only.
#ifndef PGBRAID_POOL_INTERRUPT_H_
#define PGBRAID_POOL_INTERRUPT_H_

#include "base/status.h"
#include "net/waiter.h"

namespace pgbraid::pool {

class Interrupt {
 public:
  // A statement begins: from here on it can be interrupted.
  void Begin() {
    listening_ = true;
    raised_ = false;
  }
  // It is over: a request that comes later is not for the next one.
  void End() { listening_ = raised_ = false; }

  // Interrupts what runs now; false if nothing does. Whoever waits goes on at
  // once, and finds raised().
  bool Raise() {
    if (!listening_) return false;
    raised_ = true;
    if (waiter_ != nullptr) waiter_->Notify();
    return true;
  }
  bool raised() const { return raised_; }

  // 57014, in PostgreSQL's words.
  static Status Error() {
    return SqlError(sqlstate::kQueryCanceled,
                    "canceling statement due to user request");
  }

  // For as long as it lives, `waiter` is notified by Raise(). The last one made
  // counts; they end in the opposite order. `interrupt` may be null.
  class Scope {
   public:
    Scope(Interrupt* interrupt, net::Waiter* waiter) : interrupt_(interrupt) {
      if (interrupt_ == nullptr) return;
      outer_ = interrupt_->waiter_;
      interrupt_->waiter_ = waiter;
    }
    ~Scope() {
      if (interrupt_ != nullptr) interrupt_->waiter_ = outer_;
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    bool raised() const { return interrupt_ != nullptr && interrupt_->raised_; }

   private:
    Interrupt* const interrupt_;
    net::Waiter* outer_ = nullptr;
  };

 private:
  net::Waiter* waiter_ = nullptr;
  bool listening_ = false;
  bool raised_ = false;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_INTERRUPT_H_
