#include "net/reactor.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <utility>

#include "net/errno_status.h"
#include "net/reactor_impl.h"

namespace pgbraid::net {

StatusOr<std::unique_ptr<Reactor>> Reactor::Create(const Clock* clock) {
  PGB_ASSIGN_OR_RETURN(auto poller, internal::Poller::Create());
  const int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) {
    return internal::ErrnoStatus("could not create an event descriptor", errno);
  }
  return std::unique_ptr<Reactor>(new Reactor(
      std::make_unique<Impl>(clock, std::move(poller),
                             std::make_shared<internal::Mailbox>(event_fd))));
}

Reactor::Reactor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

// The frames go first: their destructors use the rest.
Reactor::~Reactor() { impl_->DestroySpawned(); }

void Reactor::Run() { impl_->Run(); }

void Reactor::Stop() { impl_->Stop(); }

void Reactor::Post(std::function<void()> work) {
  impl_->mailbox()->Post(std::move(work));
}

void Reactor::Spawn(Task<void> task) { impl_->Spawn(std::move(task)); }

TimePoint Reactor::now() const { return impl_->now(); }

const Clock* Reactor::clock() const { return impl_->clock(); }

Task<void> SleepUntil(Reactor* reactor, TimePoint deadline) {
  Waiter waiter(reactor);
  while (co_await waiter.Wait(deadline)) {
  }
}

}  // namespace pgbraid::net
