#include "net/listener.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "net/errno_status.h"
#include "net/fd_watch.h"
#include "net/listening_socket.h"

namespace pgbraid::net {
namespace {

// Connections taken in one round of the loop; the others in the next.
constexpr int kAcceptsPerRound = 64;
// How long to leave the queue alone when the process or the machine has no
// descriptor or memory left.
constexpr Duration kPauseWithoutResources = std::chrono::milliseconds(100);

enum class Accepted { kAllThere, kMoreWait, kNoResources };

}  // namespace

struct Listener::State {
  State(Reactor* reactor, internal::ListeningSocket listening_socket,
        std::function<void(int fd)> accept_callback)
      : socket(std::move(listening_socket)),
        on_accept(std::move(accept_callback)),
        waiter(reactor) {}

  Accepted AcceptSome();

  internal::ListeningSocket socket;
  const std::function<void(int fd)> on_accept;
  Waiter waiter;
  std::optional<internal::FdWatch> watch;
  bool closed = false;
};

Accepted Listener::State::AcceptSome() {
  for (int i = 0; i < kAcceptsPerRound && !closed; ++i) {
    const int fd =
        accept4(socket.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      on_accept(fd);
      continue;
    }
    switch (errno) {
      case EAGAIN:
        return Accepted::kAllThere;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        return Accepted::kNoResources;
      default:  // that connection's own trouble: see accept(2)
        continue;
    }
  }
  return Accepted::kMoreWait;
}

Task<void> Listener::AcceptLoop(std::shared_ptr<State> state) {
  Reactor* reactor = state->waiter.reactor();
  co_await state->waiter.Wait();
  while (!state->closed) {
    switch (state->AcceptSome()) {
      case Accepted::kNoResources:
        co_await SleepUntil(reactor, reactor->now() + kPauseWithoutResources);
        continue;
      case Accepted::kMoreWait:
        state->waiter.NotifyNextRound();
        break;
      case Accepted::kAllThere:
        break;
    }
    if (!state->closed) co_await state->waiter.Wait();
  }
}

StatusOr<std::unique_ptr<Listener>> Listener::Create(
    Reactor* reactor, const Address& address,
    std::function<void(int fd)> on_accept) {
  PGB_ASSIGN_OR_RETURN(auto socket, internal::ListeningSocket::Open(address));
  auto state =
      std::make_shared<State>(reactor, std::move(socket), std::move(on_accept));
  state->watch.emplace(state->socket.fd(), &state->waiter);
  if (state->watch->error() != 0) {
    return internal::ErrnoStatus(
        "could not listen on \"" + address.ToString() + "\"",
        state->watch->error());
  }
  reactor->Spawn(AcceptLoop(state));
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() {
  state_->closed = true;
  state_->watch.reset();
  state_->socket.Close();
  state_->waiter.Notify();
}

int Listener::port() const { return state_->socket.port(); }

}  // namespace pgbraid::net
