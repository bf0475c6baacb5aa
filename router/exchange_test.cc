#include "router/exchange.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/test_support.h"
#include "pool/fake_server.h"
#include "wire/error_response.h"

namespace pgbraid::router {
namespace {

using What = Expected::What;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Ready(wire::TransactionStatus status) {
  std::string message;
  wire::AppendReadyForQuery(status, &message);
  return message;
}
std::string Ready() { return Ready(wire::TransactionStatus::kIdle); }
std::string Complete(std::string_view tag) {
  std::string message;
  wire::AppendCommandComplete(tag, &message);
  return message;
}
std::string Row(std::string_view value) {
  std::string message;
  wire::AppendDataRow(std::vector<wire::Value>{value}, &message);
  return message;
}
std::string Columns() {
  std::string message;
  wire::AppendRowDescription(
      std::vector<wire::FieldDescription>{wire::TextField("a")}, &message);
  return message;
}
std::string Error(std::string_view state, std::string_view text) {
  std::string message;
  wire::AppendErrorResponse(SqlError(state, text), wire::Severity::kError,
                            &message);
  return message;
}
std::string Parameter(std::string_view name, std::string_view value) {
  std::string message;
  wire::AppendParameterStatus(name, value, &message);
  return message;
}
std::string Empty(char type) {
  std::string message;
  wire::AppendEmpty(type, &message);
  return message;
}

Expected Of(What what, bool hidden = false) {
  Expected expected;
  expected.what = what;
  expected.hidden = hidden;
  return expected;
}

// A client's socket, a server's, and the exchange between them.
class ExchangeTest : public net::ReactorTest {
 public:
  using net::ReactorTest::In;
  using net::ReactorTest::reactor;

  ExchangeTest()
      : server_(reactor()),
        state_(&tables_.environments, &identity_, pool::Consistency::kSession,
               1) {}

  net::Task<void> Connect() {
    pool::ServerConnection::Target target{server_.address(), "app",
                                          pool::ServerLogin{"alice", ""}};
    auto made = co_await pool::ServerConnection::Open(
        reactor(), std::move(target), &tables_, &random_, In(seconds(5)));
    EXPECT_TRUE(made.ok());
    connection_ = *std::move(made);
    state_.told = connection_->parameters;
    StartClient();
  }

  void StartClient() {
    net::SocketPair pair = net::UnixPair();
    client_ = nullptr;
    client_ = std::make_unique<Client>(reactor(), pair.first.Release());
    far_ = std::move(pair.second);
    connection_->stream->Attach(client_->waiter());
  }

  // What `answer` of the server becomes for the client, arriving in pieces of
  // `step` bytes.
  net::Task<std::string> Relay(Exchange* exchange, std::string answer,
                               size_t step) {
    std::string seen;
    for (size_t at = 0; at < answer.size(); at += step) {
      server_.streams.back()->Send(std::string_view(answer).substr(at, step));
      TimePoint end = In(seconds(5));
      for (;;) {
        last_ = exchange->Pump();
        if (last_ != Exchange::Progress::kPending) break;
        if (exchange->done() || clock_.Now() > end) break;
        co_await client_->waiter()->Wait(In(milliseconds(100)));
      }
      seen += Seen();
    }
    for (TimePoint end = In(seconds(5)); last_ != Exchange::Progress::kDone &&
                                         last_ != Exchange::Progress::kLost &&
                                         clock_.Now() < end;) {
      last_ = exchange->Pump();
      if (last_ == Exchange::Progress::kPending) {
        co_await client_->waiter()->Wait(In(milliseconds(20)));
        seen += Seen();
        if (exchange->Pump() == Exchange::Progress::kPending) break;
      }
    }
    seen += Seen();
    co_return seen;
  }

  // What the client has received since.
  std::string Seen() {
    std::string seen(1 << 20, 0);
    ssize_t got = recv(far_.get(), seen.data(), seen.size(), MSG_DONTWAIT);
    seen.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return seen;
  }

  pool::FakeServer server_;
  pool::FixedRandom random_;
  pool::ReactorTables tables_;
  ClientIdentity identity_;
  SessionState state_;
  std::unique_ptr<pool::ServerConnection> connection_;
  std::unique_ptr<Client> client_;
  net::internal::UniqueFd far_;
  Exchange::Progress last_ = Exchange::Progress::kPending;
};

TEST_F(ExchangeTest, RelaysAnAnswerInWhateverPiecesItComes) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    std::string answer = Columns() + Row("one") + Row(std::string(300, 'x')) +
                         Complete("SELECT 2") + Ready();
    for (size_t step = 1; step <= answer.size(); step += step < 20 ? 1 : 37) {
      Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
      exchange.Expect(Of(What::kQuery));
      std::string seen = co_await t->Relay(&exchange, answer, step);
      EXPECT_EQ(seen, answer) << step;
      EXPECT_TRUE(exchange.done());
      EXPECT_TRUE(exchange.relayed());
      EXPECT_FALSE(exchange.failed());
      EXPECT_TRUE(t->connection_->partial.empty());
    }
  }(this));
}

TEST_F(ExchangeTest, AnswersToItsOwnMessagesAreHidden) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    std::string hidden = Columns() + Row("hidden") + Complete("BEGIN") +
                         Ready(wire::TransactionStatus::kInTransaction);
    std::string shown = Row("shown") + Complete("SELECT 1") +
                        Ready(wire::TransactionStatus::kInTransaction);
    for (size_t step : {1, 3, 7, 1000}) {
      Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
      exchange.Expect(Of(What::kQuery, /*hidden=*/true));
      exchange.Expect(Of(What::kQuery));
      std::string seen = co_await t->Relay(&exchange, hidden + shown, step);
      EXPECT_EQ(seen, shown) << step;
      EXPECT_EQ(exchange.ready_status(),
                wire::TransactionStatus::kInTransaction);
    }
  }(this));
}

TEST_F(ExchangeTest, ABeginThatFailsTakesTheStatementWithIt) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    for (size_t step : {1, 5, 1000}) {
      Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
      Expected begin = Of(What::kExecute, /*hidden=*/true);
      begin.begins = true;
      exchange.Expect(begin);
      exchange.Expect(Of(What::kQuery));
      std::string parsed = Empty(wire::backend_type::kParseComplete) +
                           Empty(wire::backend_type::kBindComplete);
      std::string error = Error("57014", "cancelled");
      std::string seen = co_await t->Relay(&exchange, parsed + error, step);
      EXPECT_EQ(seen, error) << step;
      EXPECT_TRUE(exchange.begin_failed());
      EXPECT_TRUE(exchange.TakeOwedSync());
      EXPECT_FALSE(exchange.TakeOwedSync());
      EXPECT_FALSE(exchange.done());
      seen = co_await t->Relay(&exchange, Ready(), step);
      EXPECT_EQ(seen, Ready(wire::TransactionStatus::kFailed)) << step;
      EXPECT_TRUE(exchange.done());
      EXPECT_EQ(t->connection_->transaction_status,
                wire::TransactionStatus::kIdle);
    }
  }(this));
}

TEST_F(ExchangeTest, ItsOwnAnswersStandInLine) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    for (size_t step : {1, 5, 1000}) {
      Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
      Expected own = Of(What::kSynthetic);
      own.bytes = Empty(wire::backend_type::kCloseComplete);
      exchange.Expect(own);
      exchange.Expect(Of(What::kBind));
      exchange.Expect(own);
      exchange.Expect(Of(What::kExecute));
      exchange.Expect(own);
      exchange.Expect(Of(What::kSync));
      std::string bound = Empty(wire::backend_type::kBindComplete);
      std::string seen = co_await t->Relay(
          &exchange, bound + Row("1") + Complete("SELECT 1") + Ready(), step);
      EXPECT_EQ(seen, own.bytes + bound + own.bytes + Row("1") +
                          Complete("SELECT 1") + own.bytes + Ready())
          << step;
      EXPECT_TRUE(exchange.done());
    }
  }(this));
}

TEST_F(ExchangeTest, AnErrorSkipsWhatFollowsUpToSync) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
    Expected own = Of(What::kSynthetic);
    own.bytes = Empty(wire::backend_type::kCloseComplete);
    exchange.Expect(Of(What::kBind));
    exchange.Expect(Of(What::kExecute));
    exchange.Expect(own);
    exchange.Expect(Of(What::kExecute));
    exchange.Expect(Of(What::kSync));
    std::string answer = Error("22012", "division by zero") + Ready();
    std::string seen = co_await t->Relay(&exchange, answer, 4);
    EXPECT_EQ(seen, answer);
    EXPECT_TRUE(exchange.failed());
    EXPECT_TRUE(exchange.done());
  }(this));
}

TEST_F(ExchangeTest, WhatAStandbyCannotDoIsNotSeen) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    // Acknowledgements are held back while the primary may have to repeat them.
    Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
    exchange.set_may_retry(true);
    exchange.Expect(Of(What::kBind));
    exchange.Expect(Of(What::kExecute));
    exchange.Expect(Of(What::kSync));
    std::string seen =
        co_await t->Relay(&exchange,
                          Empty(wire::backend_type::kBindComplete) +
                              Error("25006", "cannot execute INSERT") + Ready(),
                          3);
    EXPECT_EQ(seen, "");
    EXPECT_TRUE(exchange.wants_primary());
    EXPECT_FALSE(exchange.relayed());
    // After a row it is the client's.
    Exchange late(t->client_.get(), &t->state_, t->connection_.get());
    late.set_may_retry(true);
    late.Expect(Of(What::kQuery));
    std::string answer = Columns() + Row("1") +
                         Error("25006", "cannot execute INSERT") + Ready();
    seen = co_await t->Relay(&late, answer, 3);
    EXPECT_EQ(seen, answer);
    EXPECT_FALSE(late.wants_primary());
  }(this));
}

TEST_F(ExchangeTest, ParametersAreToldOnceBeforeReadyForQuery) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
    exchange.Expect(Of(What::kQuery));
    std::string seen =
        co_await t->Relay(&exchange,
                          Parameter("TimeZone", "Mars") + Complete("SET") +
                              Parameter("TimeZone", "Asia/Tokyo") +
                              Parameter("in_hot_standby", "on") + Ready(),
                          2);
    EXPECT_EQ(seen,
              Complete("SET") + Parameter("TimeZone", "Asia/Tokyo") + Ready());
    // Changed and changed back by what is hidden: nothing to tell.
    Exchange quiet(t->client_.get(), &t->state_, t->connection_.get());
    Expected first = Of(What::kQuery);
    first.hides_ready = true;
    quiet.Expect(first);
    Expected second = Of(What::kQuery, /*hidden=*/true);
    second.shows_ready = true;
    quiet.Expect(second);
    seen = co_await t->Relay(&quiet,
                             Complete("DISCARD ALL") +
                                 Parameter("TimeZone", "UTC") + Ready() +
                                 Row("x") + Complete("SELECT 1") +
                                 Parameter("TimeZone", "Asia/Tokyo") + Ready(),
                             5);
    EXPECT_EQ(seen, Complete("DISCARD ALL") + Ready());
    EXPECT_TRUE(quiet.done());
  }(this));
}

TEST_F(ExchangeTest, StatementsThatWereInsertedAreNotSeen) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
    Expected query = Of(What::kQuery);
    query.inserted = {1, 0};
    query.insertions.push_back({10, 20});
    exchange.Expect(query);
    std::string error;
    wire::MessageWriter writer(&error);
    auto append = [&](std::string_view position) {
      error.clear();
      writer.Begin(wire::backend_type::kErrorResponse);
      std::string body = "SERROR";
      body += '\0';
      body += "VERROR";
      body += '\0';
      body += "C42P01";
      body += '\0';
      body += "Mno table";
      body += '\0';
      body += "P" + std::string(position);
      body += '\0';
      body += '\0';
      writer.PutBytes(body);
      writer.End();
      return error;
    };
    std::string seen =
        co_await t->Relay(&exchange,
                          Complete("RESET") + Columns() + Row("mine") +
                              Complete("SELECT 1") + append("35") + Ready(),
                          6);
    EXPECT_EQ(seen, Complete("RESET") + append("15") + Ready());
  }(this));
}

TEST_F(ExchangeTest, ALargeRowPassesWhileItArrives) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    std::string row = Row(std::string(150000, 'y'));
    std::string answer = row + Complete("SELECT 1") + Ready();
    Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
    exchange.Expect(Of(What::kQuery));
    std::string part = row.substr(0, 50000);
    std::string seen = co_await t->Relay(&exchange, part, 10000);
    EXPECT_EQ(seen.size(), part.size());
    EXPECT_TRUE(t->connection_->partial.empty());
    seen += co_await t->Relay(&exchange, answer.substr(50000), 30000);
    EXPECT_EQ(seen, answer);
    // A hidden one is dropped as it comes.
    Exchange hidden(t->client_.get(), &t->state_, t->connection_.get());
    hidden.Expect(Of(What::kQuery, /*hidden=*/true));
    seen = co_await t->Relay(&hidden, answer, 40000);
    EXPECT_EQ(seen, "");
    EXPECT_TRUE(hidden.done());
  }(this));
}

TEST_F(ExchangeTest, AServerThatLeavesOrRavesIsLost) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    for (bool raves : {true, false}) {
      co_await t->Connect();
      Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
      exchange.Expect(Of(What::kQuery));
      std::string seen = co_await t->Relay(&exchange, Row("1"), 3);
      EXPECT_EQ(seen, Row("1"));
      if (raves) {
        t->server_.streams.back()->Send(std::string("Z\0\0\0\1", 5));
      } else {
        t->server_.streams.back() = nullptr;
      }
      for (int i = 0; i < 500 && t->last_ != Exchange::Progress::kLost; ++i) {
        co_await t->client_->waiter()->Wait(t->In(milliseconds(10)));
        t->last_ = exchange.Pump();
      }
      EXPECT_EQ(t->last_, Exchange::Progress::kLost);
      EXPECT_TRUE(t->connection_->retired);
      EXPECT_FALSE(exchange.loss().ok());
      t->last_ = Exchange::Progress::kPending;
    }
  }(this));
}

TEST_F(ExchangeTest, WhatNobodyAskedForRetiresTheConnection) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
    exchange.Expect(Of(What::kQuery));
    std::string seen = co_await t->Relay(
        &exchange, Complete("SELECT 0") + Ready() + Row("stray"), 1000);
    EXPECT_EQ(seen, Complete("SELECT 0") + Ready());
    EXPECT_TRUE(t->connection_->retired);
  }(this));
}

TEST_F(ExchangeTest, NotificationsReachWhoListensOnThatConnection) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    t->state_.process = 77;
    t->state_.pins = PinBit(sql::Pin::kListen);
    auto notify = [](uint32_t process) {
      std::string message;
      wire::AppendNotification({process, "news", "text"}, &message);
      return message;
    };
    Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
    exchange.Expect(Of(What::kQuery));
    // One of another's, and one of its own: that is the process it knows.
    std::string seen =
        co_await t->Relay(&exchange,
                          notify(4711) + notify(t->connection_->process_id) +
                              Complete("SELECT 0") + Ready(),
                          1000);
    EXPECT_EQ(seen, notify(4711) + notify(77) + Complete("SELECT 0") + Ready());
    EXPECT_TRUE(exchange.done());
    EXPECT_EQ(t->connection_->heard, "");
  }(this));
}

TEST_F(ExchangeTest, NotificationsForNobodyWaitOnTheirConnection) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    std::string notification;
    wire::AppendNotification({4711, "news", "text"}, &notification);
    Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
    exchange.Expect(Of(What::kQuery));
    std::string seen = co_await t->Relay(
        &exchange, notification + Complete("SELECT 0") + Ready(), 7);
    EXPECT_EQ(seen, Complete("SELECT 0") + Ready());
    EXPECT_EQ(t->connection_->heard, notification);
    EXPECT_FALSE(t->connection_->retired);
  }(this));
}

TEST_F(ExchangeTest, CopyBothIsRelayedAsItComes) {
  Run([](ExchangeTest* t) -> net::Task<void> {
    co_await t->Connect();
    // START_REPLICATION's answer: the format and no columns, data, its end.
    const std::string both("W\0\0\0\x07\0\0\0", 8);
    const std::string data("d\0\0\0\x08k123", 9);
    for (size_t step : {1000, 3}) {
      Exchange exchange(t->client_.get(), &t->state_, t->connection_.get());
      exchange.Expect(Of(What::kQuery));
      std::string answer =
          both + data + data + Empty('c') + Complete("COPY 0") + Ready();
      std::string seen = co_await t->Relay(&exchange, answer, step);
      EXPECT_EQ(seen, answer);
      EXPECT_TRUE(exchange.done());
      EXPECT_FALSE(exchange.copying_in());
      EXPECT_FALSE(t->connection_->retired);
    }
  }(this));
}

}  // namespace
}  // namespace pgbraid::router
