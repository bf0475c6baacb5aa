#include "net/resolver.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "net/reactor_impl.h"

namespace pgbraid::net::internal {
namespace {

using Addresses = StatusOr<std::vector<SocketAddress>>;

// Runs blocking work on up to kMaxThreads threads. Lives as long as the
// process: a thread inside getaddrinfo() cannot be stopped.
class BlockingThreads {
 public:
  static BlockingThreads& Get() {
    static BlockingThreads* const threads = new BlockingThreads;
    return *threads;
  }

  void Run(std::function<void()> work) {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    has_work_.notify_one();
    if (queue_.size() > idle_ && threads_ < kMaxThreads) {
      ++threads_;
      std::thread([this] { Loop(); }).detach();
    }
  }

 private:
  static constexpr size_t kMaxThreads = 4;

  void Loop() {
    for (;;) {
      std::function<void()> work;
      {
        std::unique_lock lock(mutex_);
        ++idle_;
        has_work_.wait(lock, [this] { return !queue_.empty(); });
        --idle_;
        work = std::move(queue_.front());
        queue_.pop_front();
      }
      work();
    }
  }

  std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  size_t idle_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t threads_ ABSL_GUARDED_BY(mutex_) = 0;
};

// One question. Used on the reactor's thread; the resolver's only passes it on.
struct Lookup {
  Waiter* waiter;  // null once nobody waits
  std::optional<Addresses> answer;
};

// Ends the waiter's part in a lookup, also if the coroutine is destroyed.
class WaiterLease {
 public:
  explicit WaiterLease(Lookup* lookup) : lookup_(lookup) {}
  ~WaiterLease() { lookup_->waiter = nullptr; }
  WaiterLease(const WaiterLease&) = delete;
  WaiterLease& operator=(const WaiterLease&) = delete;

 private:
  Lookup* const lookup_;
};

void Ask(const Address& address, std::shared_ptr<Lookup> lookup,
         std::shared_ptr<Mailbox> mailbox) {
  BlockingThreads::Get().Run(
      [address, lookup = std::move(lookup), mailbox = std::move(mailbox)] {
        Addresses answer = SocketAddress::Resolve(address, /*passive=*/false);
        mailbox->Post([lookup, answer = std::move(answer)]() mutable {
          lookup->answer = std::move(answer);
          if (lookup->waiter != nullptr) lookup->waiter->Notify();
        });
      });
}

}  // namespace

Task<StatusOr<std::vector<SocketAddress>>> Resolve(Reactor* reactor,
                                                   Address address,
                                                   TimePoint deadline) {
  auto numeric = SocketAddress::FromNumeric(address);
  if (!numeric.ok()) co_return numeric.status();
  if (numeric->has_value()) {
    co_return std::vector<SocketAddress>{**numeric};
  }
  Waiter waiter(reactor);
  auto lookup = std::make_shared<Lookup>(Lookup{&waiter, std::nullopt});
  WaiterLease lease(lookup.get());
  Ask(address, lookup, reactor->impl()->mailbox());
  while (!lookup->answer.has_value()) {
    const bool in_time = co_await waiter.Wait(deadline);
    if (!in_time) {
      co_return SqlError(sqlstate::kConnectionFailure,
                         "the name service did not answer in time");
    }
  }
  co_return *std::move(lookup->answer);
}

}  // namespace pgbraid::net::internal
