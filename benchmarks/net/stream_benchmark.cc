// A message there and back over a socket pair, between two coroutines of one
// reactor; and through a third that relays, as the router does.
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "net/reactor.h"
#include "net/reactor_impl.h"
#include "net/stream.h"

namespace pgbraid::net {
namespace {

struct StreamPair {
  explicit StreamPair(Reactor* reactor) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) return;
    first = std::make_unique<Stream>(reactor, fds[0]);
    second = std::make_unique<Stream>(reactor, fds[1]);
  }
  std::unique_ptr<Stream> first;
  std::unique_ptr<Stream> second;
};

// Sends back what comes.
Task<void> Echo(Reactor* reactor, Stream* stream) {
  Waiter waiter(reactor);
  stream->Attach(&waiter);
  for (;;) {
    const Stream::Received received = stream->Receive();
    if (received.state == Stream::State::kData) {
      stream->Send(received.data);
    } else {
      co_await waiter.Wait();
    }
  }
}

// Passes on what comes, both ways.
Task<void> Relay(Reactor* reactor, Stream* client, Stream* server) {
  Waiter waiter(reactor);
  client->Attach(&waiter);
  server->Attach(&waiter);
  for (;;) {
    const Stream::Received asked = client->Receive();
    if (asked.state == Stream::State::kData) server->Send(asked.data);
    const Stream::Received answered = server->Receive();
    if (answered.state == Stream::State::kData) client->Send(answered.data);
    if (asked.state != Stream::State::kData &&
        answered.state != Stream::State::kData) {
      co_await waiter.Wait();
    }
  }
}

// Sends a message of state->range(0) bytes and waits until it is back.
Task<void> Ask(Reactor* reactor, benchmark::State* state, Stream* stream) {
  Waiter waiter(reactor);
  stream->Attach(&waiter);
  const std::string message(static_cast<size_t>(state->range(0)), 'x');
  for (auto _ : *state) {
    stream->Send(message);
    size_t left = message.size();
    while (left > 0) {
      const Stream::Received received = stream->Receive();
      left -= received.data.size();
      if (received.state == Stream::State::kPending) co_await waiter.Wait();
    }
  }
  state->SetBytesProcessed(2 * state->iterations() * state->range(0));
  stream->Attach(nullptr);
  reactor->Stop();
}

void BM_Stream_PingPong(benchmark::State& state) {
  SystemClock clock;
  auto reactor = Reactor::Create(&clock).value();
  StreamPair pair(reactor.get());
  reactor->Spawn(Echo(reactor.get(), pair.second.get()));
  reactor->Spawn(Ask(reactor.get(), &state, pair.first.get()));
  reactor->Run();
}
BENCHMARK(BM_Stream_PingPong)->Arg(64)->Arg(4096)->Arg(1 << 20);

void BM_Stream_PingPongThroughRelay(benchmark::State& state) {
  SystemClock clock;
  auto reactor = Reactor::Create(&clock).value();
  StreamPair front(reactor.get());
  StreamPair back(reactor.get());
  reactor->Spawn(Echo(reactor.get(), back.second.get()));
  reactor->Spawn(Relay(reactor.get(), front.second.get(), back.first.get()));
  reactor->Spawn(Ask(reactor.get(), &state, front.first.get()));
  reactor->Run();
}
BENCHMARK(BM_Stream_PingPongThroughRelay)->Arg(64)->Arg(4096)->Arg(1 << 20);

// Two connected sockets; the second is a blocking peer's.
struct Sockets {
  explicit Sockets(bool tcp) {
    if (!tcp) {
      if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) abort();
      return;
    }
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* name = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, name, size) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, name, &size) != 0 ||
        connect(fds[0], name, size) != 0) {
      abort();
    }
    fds[1] = accept(listener, nullptr, nullptr);
    const int yes = 1;
    setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    close(listener);
  }
  int fds[2];
};

// Sends back what comes, after as long as a server thinks, until the end.
void EchoBlocking(int fd) {
  char buffer[4096];
  ssize_t n;
  while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::microseconds(20);
    while (std::chrono::steady_clock::now() < until) {
    }
    send(fd, buffer, static_cast<size_t>(n), MSG_NOSIGNAL);
  }
  close(fd);
}

// The router's place: client and server are other threads. `rounds` are the
// loop's calls of epoll_wait for one message there and back; two are needed.
void BM_Stream_RelayBetweenThreads(benchmark::State& state) {
  SystemClock clock;
  auto reactor = Reactor::Create(&clock).value();
  Sockets front(state.range(0) != 0);
  Sockets back(state.range(0) != 0);
  auto client = std::make_unique<Stream>(reactor.get(), front.fds[0]);
  auto server = std::make_unique<Stream>(reactor.get(), back.fds[0]);
  std::thread echo(EchoBlocking, back.fds[1]);
  std::thread relay([&] {
    reactor->Spawn(Relay(reactor.get(), client.get(), server.get()));
    reactor->Run();
  });
  const std::string message(64, 'x');
  char answer[64];
  const uint32_t before = reactor->impl()->round();
  for (auto _ : state) {
    send(front.fds[1], message.data(), message.size(), MSG_NOSIGNAL);
    recv(front.fds[1], answer, sizeof(answer), MSG_WAITALL);
  }
  reactor->Stop();
  relay.join();
  state.counters["rounds"] = benchmark::Counter(
      reactor->impl()->round() - before, benchmark::Counter::kAvgIterations);
  server.reset();
  client.reset();
  echo.join();
  close(front.fds[1]);
}
BENCHMARK(BM_Stream_RelayBetweenThreads)
    ->ArgName("tcp")
    ->Arg(0)
    ->Arg(1)
    ->UseRealTime();

}  // namespace
}  // namespace pgbraid::net
