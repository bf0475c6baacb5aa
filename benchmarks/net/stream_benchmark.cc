// A message there and back over a socket pair, between two coroutines of one
// reactor; and through a third that relays, as the router does.
#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "base/clock.h"
#include "net/reactor.h"
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

}  // namespace
}  // namespace pgbraid::net
