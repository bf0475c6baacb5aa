// A number of connections that all workers share, for what is rare enough not
// to be dealt out to each of them.
//
// Any thread. Outlives the places taken.
#ifndef PGBRAID_ROUTER_CONNECTION_BUDGET_H_
#define PGBRAID_ROUTER_CONNECTION_BUDGET_H_

#include <atomic>
#include <utility>

namespace pgbraid::router {

class ConnectionBudget {
 public:
  explicit ConnectionBudget(int limit) : limit_(limit) {}
  ConnectionBudget(const ConnectionBudget&) = delete;
  ConnectionBudget& operator=(const ConnectionBudget&) = delete;

  // One of them; gives itself back.
  class Place {
   public:
    Place() = default;
    explicit Place(ConnectionBudget* budget) : budget_(budget) {}
    Place(Place&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(budget_, other.budget_);
      return *this;
    }
    ~Place() {
      if (budget_ != nullptr) --budget_->taken_;
    }
    explicit operator bool() const { return budget_ != nullptr; }

   private:
    ConnectionBudget* budget_ = nullptr;
  };

  // Empty if all are taken.
  Place TryTake() {
    if (taken_.fetch_add(1) < limit_) return Place(this);
    --taken_;
    return Place();
  }

  int limit() const { return limit_; }
  int taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  const int limit_;
  std::atomic<int> taken_{0};
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_CONNECTION_BUDGET_H_
