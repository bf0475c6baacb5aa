// A server for tests that answers its monitor: as a primary or a standby, at
// the position that the test has set.
#ifndef PGBRAID_POOL_MONITORED_SERVER_H_
#define PGBRAID_POOL_MONITORED_SERVER_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/fake_server.h"

namespace pgbraid::pool {

class MonitoredServer {
 public:
  // What the next sample says.
  struct Role {
    bool standby = false;
    std::string lsn = "0/3000100";
    std::string flush_lsn = "0/3000100";  // a primary's
    // As SQL gives it: a primary's hexadecimal, a standby's decimal; nothing
    // where the standby's receiver is not connected.
    std::optional<std::string> timeline = "00000001";
  };

  explicit MonitoredServer(net::Reactor* reactor)
      : reactor_(reactor), server_(reactor) {
    reactor_->Spawn(Watch());
  }
  ~MonitoredServer() { over_ = true; }

  net::Address address() const { return server_.address(); }
  size_t logins() const { return server_.logins(); }
  size_t samples() const { return samples_; }

  // Ends its connections at their next message, and lets nobody in meanwhile.
  void Fail(bool fails) {
    failing_ = fails;
    server_.silent = fails;
  }

  Role role;
  std::string system_id = "42";
  std::string past_timeline = "1";

 private:
  net::Task<void> Watch() {
    size_t known = 0;
    while (!over_) {
      for (; known < server_.logins(); ++known) {
        reactor_->Spawn(Answer(known));
      }
      TimePoint soon = reactor_->now() + std::chrono::milliseconds(1);
      co_await net::SleepUntil(reactor_, soon);
    }
  }

  net::Task<void> Answer(size_t number) {
    net::Waiter waiter(reactor_);
    server_.streams[number]->Attach(&waiter);
    std::string input;
    char asked = 0;
    for (;;) {
      net::Stream::Received received = server_.streams[number]->Receive();
      if (received.state == net::Stream::State::kPending) {
        co_await waiter.Wait();
        continue;
      }
      if (received.state != net::Stream::State::kData || failing_) break;
      input.append(received.data);
      wire::Frame frame;
      while (wire::NextFrame(input, wire::kFrontendLimits, &frame) ==
             wire::FrameStatus::kComplete) {
        std::string answer = AnswerTo(frame.type, &asked);
        server_.streams[number]->Send(answer);
        input.erase(0, frame.bytes.size());
      }
    }
    server_.streams[number]->Attach(nullptr);
    server_.streams[number].reset();
  }

  std::string AnswerTo(char type, char* asked) {
    std::string answer;
    std::vector<wire::Value> row;
    if (type == wire::frontend_type::kQuery) {
      row = {system_id, "16777216", past_timeline};
    } else if (type != wire::frontend_type::kSync) {
      if (*asked == 0) *asked = type;
      return answer;
    } else if (*asked == wire::frontend_type::kBind) {
      ++samples_;
      row.emplace_back(role.standby ? "t" : "f");
      row.emplace_back(role.lsn);
      row.push_back(role.standby ? wire::Value() : wire::Value(role.flush_lsn));
      row.push_back(role.timeline ? wire::Value(*role.timeline)
                                  : wire::Value());
    }
    *asked = 0;
    if (!row.empty()) {
      wire::AppendDataRow(row, &answer);
      wire::AppendCommandComplete("SELECT 1", &answer);
    }
    wire::AppendReadyForQuery(wire::TransactionStatus::kIdle, &answer);
    return answer;
  }

  net::Reactor* const reactor_;
  FakeServer server_;
  bool over_ = false;
  bool failing_ = false;
  size_t samples_ = 0;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_MONITORED_SERVER_H_
