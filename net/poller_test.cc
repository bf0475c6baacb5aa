#include "net/poller.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <vector>

#include "net/test_support.h"

namespace pgbraid::net::internal {
namespace {

struct Recorder : Poller::Handler {
  void OnEvents(uint32_t got) override {
    events.push_back(got);
    if (then) then();
  }
  std::vector<uint32_t> events;
  std::function<void()> then;
};

class PollerTest : public testing::Test {
 protected:
  PollerTest() : poller_(Poller::Create().value()), pair_(UnixPair()) {}

  void Poll() {
    poller_->Wait(0);
    poller_->Dispatch();
  }

  std::unique_ptr<Poller> poller_;
  SocketPair pair_;
  Recorder recorder_;
};

TEST_F(PollerTest, TellsTheStateOnceAndThenChanges) {
  ASSERT_EQ(poller_->Add(pair_.first.get(), &recorder_), 0);
  Poll();
  Poll();
  EXPECT_EQ(recorder_.events, (std::vector<uint32_t>{Poller::kWritable}));
  recorder_.events.clear();
  WriteAll(pair_.second.get(), "x");
  Poll();
  Poll();
  EXPECT_EQ(recorder_.events,
            (std::vector<uint32_t>{Poller::kReadable | Poller::kWritable}));
  recorder_.events.clear();
  pair_.second.Reset();
  Poll();
  ASSERT_EQ(recorder_.events.size(), 1u);
  EXPECT_TRUE(recorder_.events[0] & Poller::kHungUp);
}

TEST_F(PollerTest, RoomIsToldOnlyToThoseWhoWatchForIt) {
  ASSERT_EQ(
      poller_->Add(pair_.first.get(), &recorder_, Poller::Writable::kIgnore),
      0);
  Poll();
  WriteAll(pair_.first.get(), "x");
  EXPECT_EQ(ReadAtMost(pair_.second.get(), 1), "x");
  Poll();
  EXPECT_TRUE(recorder_.events.empty());
  poller_->Change(pair_.first.get(), &recorder_, Poller::Writable::kWatch);
  Poll();
  EXPECT_EQ(recorder_.events, (std::vector<uint32_t>{Poller::kWritable}));
}

TEST_F(PollerTest, RemovedHandlersHearNothingNotEvenOfFetchedEvents) {
  Recorder other;
  ASSERT_EQ(poller_->Add(pair_.first.get(), &recorder_), 0);
  ASSERT_EQ(poller_->Add(pair_.second.get(), &other), 0);
  // Whoever is told first takes the other away.
  recorder_.then = [&] { poller_->Remove(pair_.second.get(), &other); };
  other.then = [&] { poller_->Remove(pair_.first.get(), &recorder_); };
  Poll();
  EXPECT_EQ(recorder_.events.size() + other.events.size(), 1u);
}

TEST_F(PollerTest, RefusalIsAnErrno) {
  EXPECT_EQ(poller_->Add(-1, &recorder_), EBADF);
}

}  // namespace
}  // namespace pgbraid::net::internal
