#include "router/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/test_support.h"
#include "wire/backend.h"
#include "wire/frame.h"

namespace pgbraid::router {
namespace {

using std::chrono::seconds;

class ClientTest : public net::ReactorTest {
 public:
  using net::ReactorTest::clock_;
  using net::ReactorTest::In;
  using net::ReactorTest::reactor;

  ClientTest() {
    net::SocketPair pair = net::UnixPair();
    client_ = std::make_unique<Client>(reactor(), pair.first.Release());
    far_ = std::move(pair.second);
  }

  // Until the client has as many bytes of input, or there will be no more.
  net::Task<void> Fill(size_t bytes) {
    while (client_->input().size() < bytes && !client_->at_end()) {
      if (client_->Fill() || client_->at_end()) continue;
      client_->Keep();
      bool woken = co_await client_->waiter()->Wait(In(seconds(5)));
      EXPECT_TRUE(woken);
      if (!woken) co_return;
    }
  }

  std::unique_ptr<Client> client_;
  net::internal::UniqueFd far_;
};

TEST_F(ClientTest, InputThatIsKeptOutlivesWhatOthersReceive) {
  Run([](ClientTest* t) -> net::Task<void> {
    net::WriteAll(t->far_.get(), "first message");
    co_await t->Fill(13);
    t->client_->Consume(6);
    t->client_->Keep();
    net::SocketPair pair = net::UnixPair();
    Client other(t->reactor(), pair.first.Release());
    net::WriteAll(pair.second.get(), "XXXXXXXXXXXXXXXXXXXX");
    while (!other.Fill()) {
      bool woken = co_await other.waiter()->Wait(t->In(seconds(5)));
      EXPECT_TRUE(woken);
    }
    EXPECT_EQ(t->client_->input(), "message");
    EXPECT_EQ(other.input(), "XXXXXXXXXXXXXXXXXXXX");
  }(this));
}

TEST_F(ClientTest, WhatArrivesLaterFollowsWhatIsLeft) {
  Run([](ClientTest* t) -> net::Task<void> {
    net::WriteAll(t->far_.get(), "one two");
    co_await t->Fill(7);
    t->client_->Consume(4);
    net::WriteAll(t->far_.get(), " three");
    co_await t->Fill(9);
    EXPECT_EQ(t->client_->input(), "two three");
    t->client_->Consume(4);
    net::WriteAll(t->far_.get(), " four");
    co_await t->Fill(10);
    EXPECT_EQ(t->client_->input(), "three four");
    EXPECT_FALSE(t->client_->Fill());
    EXPECT_FALSE(t->client_->at_end());
  }(this));
}

TEST_F(ClientTest, RoomForALargeMessageChangesNothingOfIt) {
  Run([](ClientTest* t) -> net::Task<void> {
    // More than a socket takes at once.
    std::string sent(2 << 20, 'a');
    for (size_t i = 0; i < sent.size(); ++i)
      sent[i] = static_cast<char>(i % 251);
    std::string_view rest = sent;
    while (t->client_->input().size() < sent.size()) {
      ssize_t written =
          send(t->far_.get(), rest.data(), rest.size(), MSG_DONTWAIT);
      if (written > 0) rest.remove_prefix(static_cast<size_t>(written));
      co_await t->Fill(sent.size() - rest.size());
      t->client_->Reserve(sent.size());
    }
    EXPECT_TRUE(t->client_->input() == sent);
  }(this));
}

TEST_F(ClientTest, TheEndComesAfterAllThatWasSent) {
  Run([](ClientTest* t) -> net::Task<void> {
    net::WriteAll(t->far_.get(), "goodbye");
    t->far_ = net::internal::UniqueFd();
    co_await t->Fill(7);
    EXPECT_EQ(t->client_->input(), "goodbye");
    co_await t->Fill(8);
    EXPECT_TRUE(t->client_->at_end());
    EXPECT_TRUE(t->client_->hung_up());
    EXPECT_EQ(t->client_->input(), "goodbye");
  }(this));
}

TEST_F(ClientTest, LastWordsAreSentBeforeItIsClosed) {
  Run([](ClientTest* t) -> net::Task<void> {
    std::string expected;
    wire::AppendErrorResponse(SqlError("57P01", "the end"),
                              wire::Severity::kFatal, &expected);
    t->client_->SendError(SqlError("57P01", "the end"), wire::Severity::kFatal);
    wire::AppendReadyForQuery(wire::TransactionStatus::kFailed, &expected);
    t->client_->SendReady(wire::TransactionStatus::kFailed);
    t->client_->CloseAfterSending();
    // One byte more than there is: up to the end of the connection.
    EXPECT_EQ(net::ReadAtMost(t->far_.get(), expected.size()), expected);
    co_return;
  }(this));
}

TEST_F(ClientTest, AClientThatDoesNotReadIsCongested) {
  Run([](ClientTest* t) -> net::Task<void> {
    EXPECT_FALSE(t->client_->congested());
    const std::string piece(64 * 1024, 'x');
    size_t sent = 0;
    while (!t->client_->congested() && sent < (64u << 20)) {
      t->client_->Send(piece);
      sent += piece.size();
    }
    EXPECT_TRUE(t->client_->congested());
    EXPECT_GT(t->client_->unsent_bytes(), Client::kHighWatermark);
    std::string buffer(1 << 20, 0);
    size_t got = 0;
    TimePoint end = t->In(seconds(5));
    while (got < sent && t->clock_.Now() < end) {
      ssize_t read =
          recv(t->far_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (read > 0) got += static_cast<size_t>(read);
      TimePoint soon = t->In(std::chrono::milliseconds(1));
      co_await net::SleepUntil(t->reactor(), soon);
    }
    EXPECT_EQ(got, sent);
    EXPECT_FALSE(t->client_->congested());
  }(this));
}

}  // namespace
}  // namespace pgbraid::router
