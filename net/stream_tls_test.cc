#include <poll.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "net/stream.h"
#include "net/test_support.h"
#include "net/tls_test_support.h"

namespace pgbraid::net {
namespace {

using State = Stream::State;

constexpr char kPostgres[] = "\x0apostgresql";
constexpr char kOther[] = "\x04http";

// `peer_` is the blocking end of `stream_`; clients run on threads of their
// own.
class StreamTlsTest : public ReactorTest {
 protected:
  StreamTlsTest() : waiter_(reactor()) {
    SocketPair pair = TcpPair();
    peer_ = std::move(pair.second);
    stream_ = std::make_unique<Stream>(reactor(), pair.first.Release());
    stream_->Attach(&waiter_);
  }

  static std::unique_ptr<TlsSession> NewSession() {
    return std::make_unique<TlsSession>(TestTlsContext());
  }

  Task<void> Shake(Status* status, std::string early = "") {
    const TimePoint deadline = In(std::chrono::seconds(10));
    *status =
        co_await stream_->StartTls(NewSession(), std::move(early), deadline);
  }

  // Takes the handshake, then sends back all that comes.
  Task<void> Echo(Status* status) {
    co_await Shake(status);
    while (status->ok()) {
      const Stream::Received received = stream_->Receive();
      if (received.state == State::kData) {
        stream_->Send("<", std::string(received.data) + ">");
        continue;
      }
      if (received.state != State::kPending) break;
      co_await waiter_.Wait();
    }
  }

  Waiter waiter_;
  internal::UniqueFd peer_;
  std::unique_ptr<Stream> stream_;
};

TEST_F(StreamTlsTest, CarriesBytesBothWays) {
  Status status;
  std::string answer;
  std::thread client([&] {
    TlsTestClient tls(peer_.get());
    EXPECT_TRUE(tls.Connect());
    tls.Write("hello");
    answer = tls.Read(7);
    tls.Close();
  });
  Run(Echo(&status));
  client.join();
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(answer, "<hello>");
  EXPECT_TRUE(stream_->hung_up());
  EXPECT_EQ(stream_->Receive().state, State::kEof);
  EXPECT_FALSE(stream_->tls()->has_protocol());
}

TEST_F(StreamTlsTest, CarriesMegabytesWithoutLosingOne) {
  std::string sent;
  for (int i = 0; sent.size() < 5'000'000; ++i) sent += std::to_string(i);
  Status status;
  std::string answer;
  std::thread client([&] {
    TlsTestClient tls(peer_.get());
    EXPECT_TRUE(tls.Connect());
    std::thread writer;
    for (size_t at = 0; at < sent.size(); at += 100'000) {
      const std::string part = sent.substr(at, 100'000);
      tls.Write(part);
      // Each piece comes back in brackets of the stream's choosing.
      std::string back;
      while (back.size() < part.size()) {
        for (char c : tls.Read(1)) {
          if (c != '<' && c != '>') back += c;
        }
      }
      answer += back;
    }
    tls.Close();
  });
  Run(Echo(&status));
  client.join();
  EXPECT_TRUE(answer == sent);
}

TEST_F(StreamTlsTest, TakesAHandshakeThatHasBegun) {
  Status status;
  std::thread client([&] {
    TlsTestClient tls(peer_.get(), kPostgres);
    EXPECT_TRUE(tls.Connect());
  });
  // The first message was received before anybody knew what it is.
  std::string early(100'000, '\0');
  pollfd readable = {stream_->fd(), POLLIN, 0};
  ASSERT_EQ(poll(&readable, 1, 10'000), 1);
  const ssize_t got = recv(stream_->fd(), early.data(), early.size(), 0);
  ASSERT_GT(got, 0);
  early.resize(static_cast<size_t>(got));
  Run(Shake(&status, early));
  client.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(stream_->tls()->has_protocol());
}

TEST_F(StreamTlsTest, RefusesAnotherProtocol) {
  Status status;
  std::thread client([&] {
    TlsTestClient tls(peer_.get(), kOther);
    EXPECT_FALSE(tls.Connect());
  });
  Run(Shake(&status));
  client.join();
  EXPECT_EQ(SqlStateOf(status), sqlstate::kProtocolViolation);
}

TEST_F(StreamTlsTest, RefusesWhatIsNoHandshake) {
  WriteAll(peer_.get(), "GET / HTTP/1.1\r\n\r\n");
  Status status;
  Run(Shake(&status));
  EXPECT_EQ(SqlStateOf(status), sqlstate::kProtocolViolation);
}

TEST_F(StreamTlsTest, SaysThatThePeerLeftInMidHandshake) {
  shutdown(peer_.get(), SHUT_WR);
  Status status;
  Run(Shake(&status));
  EXPECT_EQ(SqlStateOf(status), sqlstate::kConnectionFailure);
}

TEST_F(StreamTlsTest, BreaksOnBytesThatAreNotEncrypted) {
  Status status;
  std::thread client([&] {
    TlsTestClient tls(peer_.get());
    EXPECT_TRUE(tls.Connect());
    WriteAll(peer_.get(), "injected in clear text, by somebody else");
  });
  Run(Echo(&status));
  client.join();
  EXPECT_TRUE(stream_->broken());
}

// Two streams of ours: what the one trusts of the other.
TEST_F(StreamTlsTest, AClientKnowsWhomItTalksTo) {
  using Verify = TlsContext::Verify;
  const std::string& own = TestCertificate().certificate;
  const struct {
    Verify verify;
    std::string authority;
    std::string host;
    std::string error;
  } kCases[] = {
      {Verify::kNothing, "", "elsewhere", ""},
      {Verify::kAuthority, own, "elsewhere", ""},
      {Verify::kAuthority, own, "127.0.0.1", ""},
      {Verify::kAuthority, "", "localhost", "self-signed certificate"},
      {Verify::kHost, own, "localhost", ""},
      {Verify::kHost, own, "elsewhere", "hostname mismatch"},
      {Verify::kHost, own, "127.0.0.1", "IP address mismatch"},
  };
  for (const auto& test : kCases) {
    SocketPair pair = TcpPair();
    Stream server(reactor(), pair.first.Release());
    Stream client(reactor(), pair.second.Release());
    Waiter server_waiter(reactor());
    Waiter client_waiter(reactor());
    server.Attach(&server_waiter);
    client.Attach(&client_waiter);
    const TimePoint deadline = In(std::chrono::seconds(10));
    auto context = TlsContext::ForClient(test.verify, test.authority).value();
    Status status;
    std::string got;
    reactor()->Spawn([](Stream* stream, TimePoint until) -> Task<void> {
      Status shaken = co_await stream->StartTls(NewSession(), "", until);
      if (shaken.ok()) stream->Send("welcome");
    }(&server, deadline));
    Run([](Stream* stream, Waiter* waiter, TimePoint until,
           std::unique_ptr<TlsSession> session, Status* status,
           std::string* got) -> Task<void> {
      *status = co_await stream->StartTls(std::move(session), "", until);
      while (status->ok() && got->empty()) {
        const Stream::Received received = stream->Receive();
        got->append(received.data);
        if (received.state == State::kPending) co_await waiter->Wait(until);
      }
    }(&client, &client_waiter, deadline,
                             std::make_unique<TlsSession>(context, test.host),
                             &status, &got));
    EXPECT_EQ(status.ok(), test.error.empty()) << test.host << status;
    EXPECT_EQ(got, test.error.empty() ? "welcome" : "");
    if (!status.ok()) {
      EXPECT_NE(MessageOf(status).find(test.error), std::string::npos)
          << status;
    }
    server.Attach(nullptr);
    client.Attach(nullptr);
  }
}

TEST_F(StreamTlsTest, SaysGoodbyeWhenItCloses) {
  Status status;
  std::string last;
  std::thread client([&] {
    TlsTestClient tls(peer_.get());
    EXPECT_TRUE(tls.Connect());
    last = tls.Read(1000);  // up to the goodbye
  });
  Run(Shake(&status));
  stream_->Send("last words");
  stream_->Attach(nullptr);
  Stream::CloseAfterSending(std::move(stream_), std::chrono::seconds(5));
  Run([](Reactor* reactor) -> Task<void> {
    co_await SleepUntil(reactor,
                        reactor->now() + std::chrono::milliseconds(20));
  }(reactor()));
  client.join();
  EXPECT_EQ(last, "last words");
}

}  // namespace
}  // namespace pgbraid::net
