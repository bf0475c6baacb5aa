#include "pool/canceller.h"

#include <deque>
#include <vector>

#include "net/listener.h"
#include "net/stream.h"
#include "net/test_support.h"
#include "pool/fake_server.h"
#include "wire/backend.h"
#include "wire/frame.h"
#include "wire/startup.h"

namespace pgbraid::pool {
namespace {

using std::chrono::milliseconds;

// Lets everybody in, each as another process, and keeps the sockets of cancel
// requests open until it is told to close them.
class CancelledServer {
 public:
  explicit CancelledServer(net::Reactor* reactor) : reactor_(reactor) {
    net::Address address{"127.0.0.1", 0};
    listener_ = net::Listener::Create(reactor, address, [this](int fd) {
                  reactor_->Spawn(Serve(fd));
                }).value();
  }
  net::Address address() const { return {"127.0.0.1", listener_->port()}; }

  // The processes of the requests that have arrived.
  std::vector<uint32_t> requests;
  size_t most_open = 0;
  size_t open = 0;
  bool hold = true;  // the sockets of requests are kept open
  void Release() {
    hold = false;
    for (net::Waiter* waiter : held_) waiter->Notify();
  }

 private:
  net::Task<void> Serve(int fd) {
    net::Stream stream(reactor_, fd);
    net::Waiter waiter(reactor_);
    stream.Attach(&waiter);
    std::string input;
    wire::Frame frame;
    while (wire::NextStartupFrame(input, &frame) !=
           wire::FrameStatus::kComplete) {
      net::Stream::Received received = stream.Receive();
      if (received.state == net::Stream::State::kPending) {
        co_await waiter.Wait();
      } else if (received.state == net::Stream::State::kData) {
        input.append(received.data);
      } else {
        co_return;
      }
    }
    wire::CancelRequest request;
    if (wire::StartupKindOf(frame.body) == wire::StartupKind::kCancelRequest &&
        wire::ParseCancelRequest(frame.body, &request).ok()) {
      requests.push_back(request.process);
      most_open = std::max(most_open, ++open);
      held_.push_back(&waiter);
      while (hold) co_await waiter.Wait();
      std::erase(held_, &waiter);
      --open;
    } else {
      std::string hello;
      wire::AppendAuthenticationOk(&hello);
      wire::AppendBackendKeyData({++last_process_, "1234"}, &hello);
      wire::AppendReadyForQuery(wire::TransactionStatus::kIdle, &hello);
      stream.Send(hello);
      while (!stream.hung_up()) co_await waiter.Wait();
    }
    stream.Attach(nullptr);
  }

  net::Reactor* const reactor_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<net::Waiter*> held_;
  uint32_t last_process_ = 0;
};

class CancellerTest : public net::ReactorTest {
 public:
  using net::ReactorTest::reactor;

  CancellerTest()
      : server_(reactor()), canceller_(reactor(), server_.address()) {}

  // A connection that works on something.
  net::Task<std::unique_ptr<ServerConnection>> Connect() {
    ServerConnection::Target target{server_.address(), "db",
                                    ServerLogin{"user", ""}};
    target.replication = true;
    auto made =
        co_await ServerConnection::Open(reactor(), std::move(target), &tables_,
                                        &random_, In(std::chrono::seconds(5)));
    EXPECT_TRUE(made.ok());
    (*made)->busy = true;
    co_return *std::move(made);
  }
  net::Task<void> Until(std::function<bool()> condition) {
    while (!condition()) {
      co_await net::SleepUntil(reactor(), In(milliseconds(1)));
    }
  }

  FixedRandom random_;
  ReactorTables tables_;
  CancelledServer server_;
  Canceller canceller_;
};

TEST_F(CancellerTest, SaysWhichProcessAndEndsWithTheSocket) {
  Run([](CancellerTest* t) -> net::Task<void> {
    auto connection = co_await t->Connect();
    t->canceller_.Cancel(connection.get());
    t->canceller_.Cancel(connection.get());
    co_await t->Until([&] { return !t->server_.requests.empty(); });
    EXPECT_EQ(connection->cancel, CancelProgress::kSent);
    bool over = false;
    t->reactor()->Spawn([](CancellerTest* test, ServerConnection* awaited,
                           bool* done) -> net::Task<void> {
      co_await test->canceller_.AwaitEnd(awaited);
      *done = true;
    }(t, connection.get(), &over));
    EXPECT_FALSE(over);
    t->server_.Release();
    co_await t->Until([&] { return over; });
    EXPECT_EQ(connection->cancel, CancelProgress::kNone);
    EXPECT_FALSE(connection->retired);
    EXPECT_EQ(t->server_.requests,
              std::vector<uint32_t>({connection->process_id}));
    EXPECT_EQ(t->canceller_.sockets(), 0u);
  }(this));
}

TEST_F(CancellerTest, HasOnlySoManySocketsAndTakesBackWhatIsNotSent) {
  Run([](CancellerTest* t) -> net::Task<void> {
    constexpr size_t kMore = Canceller::kMaxSockets + 6;
    std::deque<std::unique_ptr<ServerConnection>> connections;
    for (size_t i = 0; i < kMore; ++i) {
      auto connection = co_await t->Connect();
      connections.push_back(std::move(connection));
    }
    for (auto& connection : connections) {
      t->canceller_.Cancel(connection.get());
    }
    co_await t->Until(
        [&] { return t->server_.open == Canceller::kMaxSockets; });
    EXPECT_EQ(t->canceller_.queued(), 6u);
    // Its statement has ended before it was the request's turn.
    ServerConnection* last = connections.back().get();
    t->canceller_.Withdraw(last);
    EXPECT_EQ(last->cancel, CancelProgress::kNone);
    t->server_.Release();
    co_await t->Until([&] { return t->canceller_.sockets() == 0; });
    EXPECT_EQ(t->server_.requests.size(), kMore - 1);
    EXPECT_EQ(t->server_.most_open, Canceller::kMaxSockets);
    for (uint32_t process : t->server_.requests) {
      EXPECT_NE(process, last->process_id);
    }
  }(this));
}

TEST_F(CancellerTest, ARequestWithoutAnEndRetiresTheConnection) {
  Run([](CancellerTest* t) -> net::Task<void> {
    auto connection = co_await t->Connect();
    t->canceller_.Cancel(connection.get());
    co_await t->canceller_.AwaitEnd(connection.get());  // after 2 s
    EXPECT_TRUE(connection->retired);
    t->server_.Release();
  }(this));
}

TEST_F(CancellerTest, CloseCancelsFirstWhatRuns) {
  Run([](CancellerTest* t) -> net::Task<void> {
    auto connection = co_await t->Connect();
    uint32_t process = connection->process_id;
    t->canceller_.Close(std::move(connection));
    co_await t->Until([&] { return !t->server_.requests.empty(); });
    EXPECT_EQ(t->server_.requests.front(), process);
    t->server_.Release();
    co_await t->Until([&] { return t->canceller_.sockets() == 0; });
    // What runs nothing is just closed, also with a request under way.
    t->server_.hold = true;
    auto idle = co_await t->Connect();
    t->canceller_.Cancel(idle.get());
    co_await t->Until([&] { return t->server_.requests.size() == 2; });
    idle->busy = false;
    t->canceller_.Close(std::move(idle));
    t->server_.Release();
    co_await t->Until([&] { return t->canceller_.sockets() == 0; });
    EXPECT_EQ(t->server_.requests.size(), 2u);
  }(this));
}

}  // namespace
}  // namespace pgbraid::pool
