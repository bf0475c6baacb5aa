// Streams under load: what edge-triggered notification could lose, and full
// duplex with bounded memory.
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "net/stream.h"
#include "net/test_support.h"

namespace pgbraid::net {
namespace {

using State = Stream::State;
using std::chrono::microseconds;
using std::chrono::seconds;

// An endless sequence that shows lost, doubled and swapped bytes.
class Pattern {
 public:
  static char At(size_t place) {
    return static_cast<char>((place * 2654435761u) >> 13);
  }
  static std::string Piece(size_t begin, size_t bytes) {
    std::string piece(bytes, '\0');
    for (size_t i = 0; i < bytes; ++i) piece[i] = At(begin + i);
    return piece;
  }
  static bool Matches(size_t begin, std::string_view data) {
    for (size_t i = 0; i < data.size(); ++i) {
      if (data[i] != At(begin + i)) return false;
    }
    return true;
  }
};

class StreamStressTest : public ReactorTest,
                         public testing::WithParamInterface<bool> {
 protected:
  SocketPair NewPair() { return GetParam() ? TcpPair() : UnixPair(); }
};

INSTANTIATE_TEST_SUITE_P(Sockets, StreamStressTest, testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "Tcp" : "Unix";
                         });

// Reads to the end; now and then it pauses without having seen kPending, as one
// does whose other side is full.
Task<void> ReadWithPauses(Reactor* reactor, Stream* stream, size_t* total) {
  Waiter waiter(reactor);
  stream->Attach(&waiter);
  std::mt19937 random(7);
  bool intact = true;
  for (;;) {
    const Stream::Received received = stream->Receive();
    if (received.state == State::kEof) break;
    if (received.state == State::kPending) {
      co_await waiter.Wait();
      continue;
    }
    EXPECT_EQ(received.state, State::kData);
    if (received.state != State::kData) break;
    intact &= Pattern::Matches(*total, received.data);
    *total += received.data.size();
    if (random() % 64 == 0) {
      co_await SleepUntil(reactor, reactor->now() + microseconds(100));
    }
  }
  EXPECT_TRUE(intact);
  stream->Attach(nullptr);
}

// Bursts of all sizes, also of exactly one receive buffer, some following close
// upon another and some after a pause.
TEST_P(StreamStressTest, NoBurstIsLost) {
  SocketPair pair = NewPair();
  size_t sent = 0;
  std::thread writer([&] {
    std::mt19937 random(3);
    for (int i = 0; i < 20'000; ++i) {
      size_t bytes = 1 + random() % 200;
      if (i % 50 == 0) bytes = Stream::kReceiveBytes * (1 + random() % 2);
      if (i % 51 == 0) bytes += random() % 3 - 1;
      WriteAll(pair.second.get(), Pattern::Piece(sent, bytes));
      sent += bytes;
      if (i % 16 == 0) std::this_thread::yield();
      if (i % 256 == 0) std::this_thread::sleep_for(microseconds(200));
    }
    shutdown(pair.second.get(), SHUT_WR);
  });
  size_t got = 0;
  Stream stream(reactor(), pair.first.Release());
  Run(ReadWithPauses(reactor(), &stream, &got));
  writer.join();
  EXPECT_EQ(got, sent);
}

Task<void> ReadToEnd(Reactor* reactor, Stream* stream, std::string* got) {
  Waiter waiter(reactor);
  stream->Attach(&waiter);
  for (;;) {
    const Stream::Received received = stream->Receive();
    if (received.state == State::kEof) break;
    got->append(received.data);
    EXPECT_NE(received.state, State::kBroken);
    if (received.state == State::kBroken) break;
    if (received.state == State::kPending) co_await waiter.Wait();
  }
  stream->Attach(nullptr);
}

// Data, its end, and the loop's looking race against each other.
TEST_P(StreamStressTest, NoFinIsLost) {
  for (int i = 0; i < 500; ++i) {
    SocketPair pair = NewPair();
    Stream stream(reactor(), pair.first.Release());
    std::thread writer([&, i] {
      WriteAll(pair.second.get(), "first");
      for (int spin = 0; spin < (i % 50) * 100; ++spin) {
        asm volatile("" ::: "memory");
      }
      WriteAll(pair.second.get(), "last");
      pair.second.Reset();
    });
    std::string got;
    Run(ReadToEnd(reactor(), &stream, &got));
    writer.join();
    ASSERT_EQ(got, "firstlast");
  }
}

constexpr size_t kDuplexBytes = 100 << 20;
constexpr size_t kHighWatermark = 1 << 20;
constexpr size_t kPieceBytes = 100'000;
constexpr size_t kPeriod = 1'000'000;  // what is sent repeats itself

struct Transfer {
  size_t sent = 0;
  size_t received = 0;
  size_t most_unsent = 0;
  bool intact = true;
};

// Sends and receives kDuplexBytes at the same time on one stream.
Task<void> Pump(Reactor* reactor, Stream* stream, const std::string* pieces,
                Transfer* transfer) {
  Waiter waiter(reactor);
  stream->Attach(&waiter);
  Transfer& t = *transfer;
  while (t.sent < kDuplexBytes || t.received < kDuplexBytes) {
    while (t.sent < kDuplexBytes && stream->unsent_bytes() < kHighWatermark) {
      const size_t bytes = std::min(kPieceBytes, kDuplexBytes - t.sent);
      const size_t begin = t.sent % kPeriod;
      EXPECT_TRUE(stream->Send(std::string_view(*pieces).substr(begin, bytes)));
      t.sent += bytes;
      t.most_unsent = std::max(t.most_unsent, stream->unsent_bytes());
    }
    const Stream::Received received = stream->Receive();
    if (received.state == State::kPending) {
      if (t.sent < kDuplexBytes || t.received < kDuplexBytes) {
        co_await waiter.Wait();
      }
      continue;
    }
    EXPECT_EQ(received.state, State::kData);
    if (received.state != State::kData) break;
    const size_t begin = t.received % kPeriod;
    t.intact &= received.data ==
                std::string_view(*pieces).substr(begin, received.data.size());
    t.received += received.data.size();
  }
  while (stream->unsent_bytes() > 0) {
    stream->set_low_watermark(0);
    co_await waiter.Wait();
  }
  stream->Attach(nullptr);
}

Task<void> PumpAndNotify(Task<void> pump, Waiter* done, int* left) {
  co_await pump;
  --*left;
  done->Notify();
}

Task<void> PumpBoth(Reactor* reactor, Task<void> first, Task<void> second) {
  Waiter done(reactor);
  int left = 2;
  reactor->Spawn(PumpAndNotify(std::move(first), &done, &left));
  reactor->Spawn(PumpAndNotify(std::move(second), &done, &left));
  while (left > 0) co_await done.Wait();
}

TEST_P(StreamStressTest, HundredMegabytesBothWaysInBoundedMemory) {
  SocketPair pair = NewPair();
  Stream first(reactor(), pair.first.Release());
  Stream second(reactor(), pair.second.Release());
  std::string pieces = Pattern::Piece(0, kPeriod);
  pieces += pieces;
  Transfer one;
  Transfer other;
  Run(PumpBoth(reactor(), Pump(reactor(), &first, &pieces, &one),
               Pump(reactor(), &second, &pieces, &other)));
  for (const Transfer& transfer : {one, other}) {
    EXPECT_EQ(transfer.sent, kDuplexBytes);
    EXPECT_EQ(transfer.received, kDuplexBytes);
    EXPECT_TRUE(transfer.intact);
    EXPECT_LT(transfer.most_unsent, kHighWatermark + kPieceBytes);
  }
}

// A sender that ignores the watermarks, and a peer that reads late.
TEST_P(StreamStressTest, UnsentHundredMegabytesAreNotQuadratic) {
  SocketPair pair = NewPair();
  Stream stream(reactor(), pair.first.Release());
  const std::string piece = Pattern::Piece(0, 1000);
  for (size_t sent = 0; sent < kDuplexBytes; sent += piece.size()) {
    ASSERT_TRUE(stream.Send(piece));
  }
  EXPECT_GT(stream.unsent_bytes(), kDuplexBytes / 2);
  size_t got = 0;
  std::thread reader([&] {
    std::string buffer(1 << 20, '\0');
    ssize_t n;
    while ((n = recv(pair.second.get(), buffer.data(), buffer.size(), 0)) > 0) {
      got += static_cast<size_t>(n);
    }
  });
  const TimePoint start = clock_.Now();
  Run([](Reactor* reactor, Stream* s) -> Task<void> {
    Waiter waiter(reactor);
    s->set_low_watermark(0);
    s->Attach(&waiter);
    while (s->unsent_bytes() > 0) co_await waiter.Wait();
    s->Attach(nullptr);
    shutdown(s->fd(), SHUT_WR);
  }(reactor(), &stream));
  EXPECT_LT(clock_.Now() - start, seconds(5));
  reader.join();
  EXPECT_GE(got, kDuplexBytes);
}

}  // namespace
}  // namespace pgbraid::net
