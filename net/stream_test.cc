#include "net/stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/test_support.h"

namespace pgbraid::net {
namespace {

using State = Stream::State;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Every test runs over a Unix socket pair and over TCP. `peer_` is the blocking
// other end of `stream_`.
class StreamTest : public ReactorTest,
                   public testing::WithParamInterface<bool> {
 protected:
  StreamTest() : waiter_(reactor()) {
    SocketPair pair = GetParam() ? TcpPair() : UnixPair();
    peer_ = std::move(pair.second);
    stream_ = std::make_unique<Stream>(reactor(), pair.first.Release());
    stream_->Attach(&waiter_);
  }

  // Waits for the first Receive() that says anything but kPending.
  static Task<Stream::Received> Next(Stream* stream, Waiter* waiter) {
    for (;;) {
      const Stream::Received received = stream->Receive();
      if (received.state != State::kPending) co_return received;
      co_await waiter->Wait();
    }
  }

  // Receives all until the stream says something else than data, which is
  // returned.
  static Task<State> ReceiveAll(Stream* stream, Waiter* waiter,
                                std::string* data) {
    for (;;) {
      const Stream::Received received = co_await Next(stream, waiter);
      if (received.state != State::kData) co_return received.state;
      data->append(received.data);
    }
  }

  // Lets the loop take in what the kernel has to tell.
  void RunRounds() { Run(Sleep(reactor(), milliseconds(2))); }

  static Task<void> Sleep(Reactor* reactor, Duration delay) {
    co_await SleepUntil(reactor, reactor->now() + delay);
  }

  Waiter waiter_;
  internal::UniqueFd peer_;
  std::unique_ptr<Stream> stream_;
};

INSTANTIATE_TEST_SUITE_P(Sockets, StreamTest, testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "Tcp" : "Unix";
                         });

Task<void> ExpectNext(Task<Stream::Received> next, State state,
                      std::string data) {
  const Stream::Received received = co_await next;
  EXPECT_EQ(received.state, state);
  EXPECT_EQ(received.data, data);
}

TEST_P(StreamTest, ReceivesWhatThePeerSends) {
  EXPECT_EQ(stream_->Receive().state, State::kPending);
  WriteAll(peer_.get(), "hello");
  Run(ExpectNext(Next(stream_.get(), &waiter_), State::kData, "hello"));
  EXPECT_EQ(stream_->Receive().state, State::kPending);
  EXPECT_FALSE(stream_->hung_up());
}

TEST_P(StreamTest, SendsBothPartsAtOnce) {
  EXPECT_TRUE(stream_->Send("one, ", "two"));
  EXPECT_TRUE(stream_->Send(""));
  EXPECT_EQ(stream_->unsent_bytes(), 0u);
  EXPECT_EQ(ReadAtMost(peer_.get(), 8), "one, two");
}

TEST_P(StreamTest, DataAndFinInOnePacketGiveDataThenEof) {
  // Both are there before the loop looks for the first time.
  WriteAll(peer_.get(), "last words");
  shutdown(peer_.get(), SHUT_WR);
  Run(ExpectNext(Next(stream_.get(), &waiter_), State::kData, "last words"));
  EXPECT_TRUE(stream_->hung_up());
  EXPECT_EQ(stream_->Receive().state, State::kEof);
  EXPECT_EQ(stream_->Receive().state, State::kEof);
  // The peer still listens.
  EXPECT_TRUE(stream_->Send("answer"));
  EXPECT_EQ(ReadAtMost(peer_.get(), 6), "answer");
  EXPECT_TRUE(stream_->error().ok());
}

TEST_P(StreamTest, FinAfterAShortReadIsSeen) {
  WriteAll(peer_.get(), "data");
  Run(ExpectNext(Next(stream_.get(), &waiter_), State::kData, "data"));
  shutdown(peer_.get(), SHUT_WR);
  Run(ExpectNext(Next(stream_.get(), &waiter_), State::kEof, ""));
}

TEST_P(StreamTest, HangUpShowsWithoutReading) {
  WriteAll(peer_.get(), "data");
  RunRounds();
  EXPECT_FALSE(stream_->hung_up());
  peer_.Reset();
  RunRounds();
  EXPECT_TRUE(stream_->hung_up());
  Run(ExpectNext(Next(stream_.get(), &waiter_), State::kData, "data"));
  EXPECT_EQ(stream_->Receive().state, State::kEof);
}

TEST_P(StreamTest, SendingToAClosedPeerBreaksWithoutSigpipe) {
  peer_.Reset();
  while (stream_->Send("into the void")) RunRounds();
  EXPECT_TRUE(stream_->broken());
  EXPECT_EQ(SqlStateOf(stream_->error()), sqlstate::kConnectionFailure);
  EXPECT_FALSE(stream_->Send("again"));
  EXPECT_EQ(stream_->unsent_bytes(), 0u);
  EXPECT_EQ(stream_->Receive().state, State::kBroken);
}

TEST_P(StreamTest, UnsentBytesAreSentInTheBackground) {
  const std::string data(8 << 20, 'x');
  EXPECT_TRUE(stream_->Send(data));
  EXPECT_GT(stream_->unsent_bytes(), data.size() / 4);
  std::string got;
  std::thread reader([&] { got = ReadAtMost(peer_.get(), data.size()); });
  Run([](Stream* stream, Waiter* waiter) -> Task<void> {
    while (stream->unsent_bytes() > 64 * 1024) co_await waiter->Wait();
    stream->set_low_watermark(0);
    while (stream->unsent_bytes() > 0) co_await waiter->Wait();
  }(stream_.get(), &waiter_));
  reader.join();
  EXPECT_EQ(got, data);
}

TEST_P(StreamTest, WhatHappenedWhileNobodyWasAttachedIsTold) {
  stream_->Attach(nullptr);
  WriteAll(peer_.get(), "data");
  RunRounds();
  Waiter other(reactor());
  stream_->Attach(&other);
  Run(ExpectNext(Next(stream_.get(), &other), State::kData, "data"));
  stream_->Attach(nullptr);
  peer_.Reset();
  RunRounds();
  stream_->Attach(&other);
  Run([](Waiter* waiter) -> Task<void> { co_await waiter->Wait(); }(&other));
  EXPECT_EQ(stream_->Receive().state, State::kEof);
  stream_->Attach(nullptr);
}

TEST_P(StreamTest, AnIdleStreamIsSmall) { EXPECT_LE(sizeof(Stream), 96u); }

}  // namespace
}  // namespace pgbraid::net
