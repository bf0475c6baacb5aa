// A server for tests, on the reactor of the test: lets everybody in, answers
// the question for the server's life, and leaves the rest to the test.
#ifndef PGBRAID_POOL_FAKE_SERVER_H_
#define PGBRAID_POOL_FAKE_SERVER_H_

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "net/listener.h"
#include "net/stream.h"
#include "wire/backend.h"
#include "wire/frame.h"
#include "wire/random.h"
#include "wire/row.h"
#include "wire/startup.h"

namespace pgbraid::pool {

class FixedRandom : public wire::RandomSource {
 public:
  bool Fill(char* out, size_t bytes) override {
    std::fill(out, out + bytes, 'r');
    return true;
  }
};

class FakeServer {
 public:
  explicit FakeServer(net::Reactor* reactor) : reactor_(reactor) {
    listener_ =
        net::Listener::Create(reactor, {"127.0.0.1", 0}, [this](int fd) {
          reactor_->Spawn(Serve(fd));
        }).value();
  }
  net::Address address() const { return {"127.0.0.1", listener_->port()}; }

  // The server's ends of the connections, in the order of their logins. A null
  // one has been closed.
  std::vector<std::unique_ptr<net::Stream>> streams;
  size_t logins() const { return streams.size(); }
  bool silent = false;  // nobody is let in: logins hang
  bool slow = false;    // logins go on once it is not any more

 private:
  net::Task<void> Serve(int fd) {
    auto stream = std::make_unique<net::Stream>(reactor_, fd);
    net::Waiter waiter(reactor_);
    stream->Attach(&waiter);
    std::string input;
    wire::Frame frame;
    while (wire::NextStartupFrame(input, &frame) !=
           wire::FrameStatus::kComplete) {
      bool more = co_await Fill(stream.get(), &waiter, &input);
      if (!more) co_return;
    }
    if (wire::StartupKindOf(frame.body) != wire::StartupKind::kStartup) {
      stream->Attach(nullptr);
      co_return;  // a cancel request
    }
    input.erase(0, frame.bytes.size());
    while (silent) {
      bool more = co_await Fill(stream.get(), &waiter, &input);
      if (!more) co_return;
    }
    while (slow) {
      co_await net::SleepUntil(reactor_,
                               reactor_->now() + std::chrono::milliseconds(1));
    }
    std::string hello;
    wire::AppendAuthenticationOk(&hello);
    wire::AppendParameterStatus("TimeZone", "UTC", &hello);
    wire::AppendBackendKeyData({++last_process_, "1234"}, &hello);
    wire::AppendReadyForQuery(wire::TransactionStatus::kIdle, &hello);
    stream->Send(hello);
    while (wire::NextFrame(input, wire::kFrontendLimits, &frame) !=
           wire::FrameStatus::kComplete) {
      bool more = co_await Fill(stream.get(), &waiter, &input);
      if (!more) co_return;
    }
    std::string answer;
    wire::AppendDataRow(std::vector<wire::Value>{"1", "f"}, &answer);
    wire::AppendCommandComplete("SELECT 1", &answer);
    wire::AppendReadyForQuery(wire::TransactionStatus::kIdle, &answer);
    stream->Send(answer);
    stream->Attach(nullptr);
    streams.push_back(std::move(stream));
  }

  // False if the other side has gone.
  net::Task<bool> Fill(net::Stream* stream, net::Waiter* waiter,
                       std::string* input) {
    for (;;) {
      net::Stream::Received received = stream->Receive();
      if (received.state == net::Stream::State::kData) {
        input->append(received.data);
        co_return true;
      }
      if (received.state != net::Stream::State::kPending) {
        stream->Attach(nullptr);
        co_return false;
      }
      co_await waiter->Wait();
    }
  }

  net::Reactor* const reactor_;
  std::unique_ptr<net::Listener> listener_;
  uint32_t last_process_ = 0;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_FAKE_SERVER_H_
