#include "net/stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/reactor_impl.h"
#include "net/test_support.h"

namespace pgbraid::net {
namespace {

using State = Stream::State;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Every test runs over a Unix socket pair and over TCP. `peer_` is the blocking
// other end of `stream_`.
class StreamTest : public ReactorTest,
                   public testing::WithParamInterface<bool> {
 protected:
  StreamTest() : waiter_(reactor()) {
    SocketPair pair = GetParam() ? TcpPair() : UnixPair();
    LimitBuffers(pair.first.get(), pair.second.get());
    peer_ = std::move(pair.second);
    stream_ = std::make_unique<Stream>(reactor(), pair.first.Release());
    stream_->Attach(&waiter_);
  }

  // Keeps the kernel from taking megabytes, as it does for a fast TCP peer.
  static void LimitBuffers(int first, int second, int bytes = 64 * 1024) {
    for (int fd : {first, second}) {
      setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
      setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    }
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

TEST_P(StreamTest, UnreadDataIsToldToTheNextOneWhoAttaches) {
  const std::string data(Stream::kReceiveBytes + 10, 'x');
  std::thread writer([&] { WriteAll(peer_.get(), data); });
  RunRounds();
  std::string got;
  // A full read leaves the rest: nobody has seen kPending.
  while (got.size() < Stream::kReceiveBytes) {
    const Stream::Received received = stream_->Receive();
    if (received.state == State::kPending) RunRounds();
    got.append(received.data);
  }
  writer.join();
  RunRounds();
  Waiter other(reactor());
  stream_->Attach(&other);
  while (got.size() < data.size()) {
    Run([](Waiter* waiter) -> Task<void> { co_await waiter->Wait(); }(&other));
    got.append(stream_->Receive().data);
  }
  EXPECT_EQ(got, data);
  stream_->Attach(nullptr);
}

TEST_P(StreamTest, LowWatermarkIsToldOnce) {
  stream_->set_low_watermark(1000);
  const std::string data(4 << 20, 'x');
  EXPECT_TRUE(stream_->Send(data));
  ASSERT_GT(stream_->unsent_bytes(), 1000u);
  std::thread reader([&] { ReadAtMost(peer_.get(), data.size()); });
  int wake_ups = 0;
  Run([](Stream* stream, Waiter* waiter, int* count) -> Task<void> {
    while (stream->unsent_bytes() > 0) {
      co_await waiter->Wait(waiter->reactor()->now() + milliseconds(50));
      ++*count;
    }
  }(stream_.get(), &waiter_, &wake_ups));
  reader.join();
  EXPECT_LE(wake_ups, 2);
  // Raising it above what is unsent tells as well.
  EXPECT_TRUE(stream_->Send(data));
  ASSERT_GT(stream_->unsent_bytes(), 1000u);
  stream_->set_low_watermark(data.size());
  Run([](Waiter* waiter) -> Task<void> { co_await waiter->Wait(); }(&waiter_));
}

TEST_P(StreamTest, RoomThatCameWhileNobodyWasAttachedIsTold) {
  stream_->Attach(nullptr);
  const std::string data(4 << 20, 'x');
  EXPECT_TRUE(stream_->Send(data));
  ASSERT_GT(stream_->unsent_bytes(), 64u * 1024);
  std::thread reader([&] { ReadAtMost(peer_.get(), data.size()); });
  while (stream_->unsent_bytes() > 0) RunRounds();
  reader.join();
  Waiter other(reactor());
  stream_->Attach(&other);
  Run([](Waiter* waiter) -> Task<void> { co_await waiter->Wait(); }(&other));
  stream_->Attach(nullptr);
}

Task<void> ReceiveFairly(Stream* stream, Waiter* waiter, size_t bytes,
                         size_t* most_in_a_round) {
  size_t total = 0;
  uint32_t round = 0;
  size_t in_round = 0;
  while (total < bytes) {
    const Stream::Received received = stream->Receive();
    if (received.state == State::kPending) {
      co_await waiter->Wait();
      continue;
    }
    EXPECT_EQ(received.state, State::kData);
    if (received.state != State::kData) co_return;
    const uint32_t now = waiter->reactor()->impl()->round();
    if (round != now) in_round = 0;
    round = now;
    total += received.data.size();
    in_round += received.data.size();
    // Slower than the sender, so that there is always more.
    const auto until = std::chrono::steady_clock::now() + microseconds(50);
    while (std::chrono::steady_clock::now() < until) {
    }
    *most_in_a_round = std::max(*most_in_a_round, in_round);
  }
}

TEST_P(StreamTest, AFastSenderLeavesOthersTheirTurn) {
  constexpr size_t kBytes = 16 << 20;
  LimitBuffers(stream_->fd(), peer_.get(), 1 << 20);
  std::thread writer([&] {
    const std::string piece(1 << 20, 'x');
    for (size_t sent = 0; sent < kBytes; sent += piece.size()) {
      WriteAll(peer_.get(), piece);
    }
  });
  size_t most_in_a_round = 0;
  Run(ReceiveFairly(stream_.get(), &waiter_, kBytes, &most_in_a_round));
  writer.join();
  EXPECT_LE(most_in_a_round,
            Stream::kReceiveBytesPerRound + Stream::kReceiveBytes);
}

// What Send() promised arrives although the stream is given away at once, and
// although the peer's own data is never read.
TEST_P(StreamTest, CloseAfterSendingDeliversEverything) {
  const std::string data(4 << 20, 'x');
  WriteAll(peer_.get(), "unread");
  EXPECT_TRUE(stream_->Send(data));
  EXPECT_TRUE(stream_->Send("last words"));
  Stream::CloseAfterSending(std::move(stream_), seconds(10));
  std::string got;
  std::thread reader([&] {
    got = ReadAtMost(peer_.get(), data.size() + 10);
    char byte;
    EXPECT_EQ(recv(peer_.get(), &byte, 1, 0), 0) << "an end, not a reset";
    EXPECT_EQ(send(peer_.get(), "?", 1, MSG_NOSIGNAL), 1) << "still there";
    peer_.Reset();
    reactor()->Post([this] { reactor()->Stop(); });
  });
  reactor()->Run();
  reader.join();
  EXPECT_EQ(got, data + "last words");
}

TEST_P(StreamTest, CloseAfterSendingEndsAfterTheLinger) {
  const std::string data(4 << 20, 'x');
  EXPECT_TRUE(stream_->Send(data));
  const int fd = stream_->fd();
  Stream::CloseAfterSending(std::move(stream_), milliseconds(10));
  EXPECT_NE(fcntl(fd, F_GETFD), -1);
  Run(Sleep(reactor(), milliseconds(30)));
  EXPECT_EQ(fcntl(fd, F_GETFD), -1) << "closed though nobody read";
}

TEST_P(StreamTest, CloseAfterSendingEndsWithTheReactor) {
  EXPECT_TRUE(stream_->Send(std::string(4 << 20, 'x')));
  const int fd = stream_->fd();
  Stream::CloseAfterSending(std::move(stream_), seconds(10));
  Run(Sleep(reactor(), milliseconds(1)));
  reactor_.reset();
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

TEST_P(StreamTest, NamesThePeer) {
  const std::string name = stream_->peer_name();
  if (GetParam()) {
    EXPECT_EQ(name.rfind("127.0.0.1:", 0), 0u) << name;
  } else {
    EXPECT_EQ(name, "unix");
  }
}

TEST_P(StreamTest, SetsWhatTheSocketNeeds) {
  EXPECT_TRUE(fcntl(stream_->fd(), F_GETFL) & O_NONBLOCK);
  if (!GetParam()) return;
  using Option = std::pair<int, int>;
  for (auto [level, option] :
       {Option(IPPROTO_TCP, TCP_NODELAY), Option(SOL_SOCKET, SO_KEEPALIVE)}) {
    int value = 0;
    socklen_t size = sizeof(value);
    ASSERT_EQ(getsockopt(stream_->fd(), level, option, &value, &size), 0);
    EXPECT_NE(value, 0);
  }
}

class TcpStreamTest : public StreamTest {
 protected:
  // Closes the peer's end with a reset.
  void Reset() {
    const linger now = {1, 0};
    setsockopt(peer_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    peer_.Reset();
  }
};

INSTANTIATE_TEST_SUITE_P(Sockets, TcpStreamTest, testing::Values(true));

TEST_P(TcpStreamTest, ResetIsSeenWhileIdle) {
  Reset();
  Run(ExpectNext(Next(stream_.get(), &waiter_), State::kBroken, ""));
  EXPECT_TRUE(stream_->hung_up());
  EXPECT_TRUE(stream_->broken());
  EXPECT_EQ(stream_->Receive().state, State::kBroken);
  EXPECT_NE(MessageOf(stream_->error()).find("reset"), std::string::npos)
      << MessageOf(stream_->error());
}

TEST_P(TcpStreamTest, ResetIsSeenWithoutReading) {
  Reset();
  RunRounds();
  EXPECT_TRUE(stream_->hung_up());
}

TEST_P(TcpStreamTest, ResetWhileSendingTellsTheWaiter) {
  EXPECT_TRUE(stream_->Send(std::string(16 << 20, 'x')));
  ASSERT_GT(stream_->unsent_bytes(), 0u);
  Reset();
  Run(ExpectNext(Next(stream_.get(), &waiter_), State::kBroken, ""));
  EXPECT_EQ(stream_->unsent_bytes(), 0u);
}

TEST_P(TcpStreamTest, UrgentDataLosesNothing) {
  WriteAll(peer_.get(), "before ");
  ASSERT_EQ(send(peer_.get(), "!", 1, MSG_OOB), 1);
  WriteAll(peer_.get(), "after");
  shutdown(peer_.get(), SHUT_WR);
  std::string got;
  Run([](Task<State> receive) -> Task<void> {
    EXPECT_EQ(co_await receive, State::kEof);
  }(ReceiveAll(stream_.get(), &waiter_, &got)));
  EXPECT_EQ(got, "before after");
}

TEST_P(StreamTest, AbortEndsItAtOnceAndTellsBothSides) {
  WriteAll(peer_.get(), "has arrived");
  RunRounds();
  stream_->Abort();
  Run(ExpectNext(Next(stream_.get(), &waiter_), State::kBroken, ""));
  EXPECT_TRUE(stream_->broken());
  EXPECT_FALSE(stream_->Send("dropped"));
  char byte;
  EXPECT_LE(recv(peer_.get(), &byte, 1, 0), 0);
  RunRounds();
  EXPECT_EQ(stream_->Receive().state, State::kBroken);
}

TEST_P(StreamTest, AnIdleStreamIsSmall) { EXPECT_LE(sizeof(Stream), 96u); }

}  // namespace
}  // namespace pgbraid::net
