#include "pool/host_monitor.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "net/test_support.h"
#include "pool/monitored_server.h"

namespace pgbraid::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HostMonitorTest : public net::ReactorTest {
 public:
  using net::ReactorTest::clock_;
  using net::ReactorTest::In;
  using net::ReactorTest::reactor;

  HostMonitorTest() : server_(reactor()) {}

  void Start(Duration interval) {
    HostMonitorOptions options;
    options.address = server_.address();
    options.database = "app";
    options.login = {"alice", ""};
    options.poll_interval = interval;
    options.timeout = milliseconds(200);
    monitor_ =
        std::make_unique<HostMonitor>(reactor(), std::move(options), &tables_,
                                      &random_, [this] { ++changes_; });
    monitor_->Start();
  }
  net::Task<void> Until(std::function<bool()> condition) {
    TimePoint end = In(seconds(10));
    while (!condition() && clock_.Now() < end) {
      co_await net::SleepUntil(reactor(), In(milliseconds(1)));
    }
    EXPECT_TRUE(condition());
  }
  // Until a sample has come that begins after this.
  net::Task<void> NewSample() {
    TimePoint now = reactor()->now();
    monitor_->RequestSample();
    co_await Until([this, now] {
      return monitor_->sample() && monitor_->sample()->begun >= now;
    });
  }

  MonitoredServer server_;
  FixedRandom random_;
  ReactorTables tables_;
  int changes_ = 0;
  std::unique_ptr<HostMonitor> monitor_;
};

TEST_F(HostMonitorTest, SaysWhereAPrimaryIs) {
  server_.role = {false, "0/5000200", "0/5000100", "0000000A"};
  server_.past_timeline = "9";
  Run([](HostMonitorTest* t) -> net::Task<void> {
    t->Start(milliseconds(5));
    EXPECT_FALSE(t->monitor_->asked());
    EXPECT_FALSE(t->monitor_->error().ok());
    co_await t->Until([t] { return t->monitor_->sample().has_value(); });
    const HostSample& sample = *t->monitor_->sample();
    EXPECT_TRUE(t->monitor_->asked());
    EXPECT_TRUE(t->monitor_->error().ok());
    EXPECT_FALSE(sample.in_recovery);
    EXPECT_EQ(sample.lsn, 0x5000200u);
    EXPECT_EQ(sample.flush_lsn, 0x5000100u);
    EXPECT_EQ(sample.timeline, 10u);
    EXPECT_EQ(sample.past_timeline, 9u);
    EXPECT_EQ(sample.system_id, 42u);
    EXPECT_EQ(sample.incarnation, 1);
    EXPECT_EQ(t->monitor_->wal_segment_bytes(), 16u << 20);
    // It goes on asking.
    size_t before = t->server_.samples();
    co_await t->Until([&] { return t->server_.samples() > before + 3; });
    EXPECT_EQ(t->server_.logins(), 1u);
  }(this));
}

TEST_F(HostMonitorTest, AStandbysTimelineHoldsWhileItsReceiverIsGone) {
  server_.role = {true, "0/4000000", "", std::nullopt};
  Run([](HostMonitorTest* t) -> net::Task<void> {
    t->Start(seconds(60));
    co_await t->NewSample();
    EXPECT_TRUE(t->monitor_->sample()->in_recovery);
    EXPECT_EQ(t->monitor_->sample()->lsn, 0x4000000u);
    EXPECT_EQ(t->monitor_->sample()->timeline, 0u);
    t->server_.role.timeline = "12";
    co_await t->NewSample();
    EXPECT_EQ(t->monitor_->sample()->timeline, 12u);
    t->server_.role.timeline = std::nullopt;
    co_await t->NewSample();
    EXPECT_EQ(t->monitor_->sample()->timeline, 12u);
    // Once it has been a primary, that is over.
    t->server_.role = {false, "0/4000100", "0/4000100", "0000000D"};
    co_await t->NewSample();
    EXPECT_EQ(t->monitor_->sample()->timeline, 13u);
    t->server_.role = {true, "0/4000100", "", std::nullopt};
    co_await t->NewSample();
    EXPECT_EQ(t->monitor_->sample()->timeline, 0u);
  }(this));
}

TEST_F(HostMonitorTest, ASampleIsTakenAtOnceWhenItIsAskedFor) {
  Run([](HostMonitorTest* t) -> net::Task<void> {
    t->Start(seconds(60));
    co_await t->Until([t] { return t->monitor_->sample().has_value(); });
    EXPECT_EQ(t->server_.samples(), 1u);
    t->server_.role.lsn = "0/3000200";
    TimePoint asked = t->reactor()->now();
    co_await t->NewSample();
    EXPECT_EQ(t->monitor_->sample()->lsn, 0x3000200u);
    EXPECT_GE(t->monitor_->sample()->begun, asked);
    EXPECT_EQ(t->server_.samples(), 2u);
  }(this));
}

TEST_F(HostMonitorTest, AHostThatIsLostHasNoSampleUntilItIsBack) {
  Run([](HostMonitorTest* t) -> net::Task<void> {
    t->Start(milliseconds(5));
    co_await t->Until([t] { return t->monitor_->sample().has_value(); });
    t->server_.Fail(true);
    co_await t->Until([t] { return !t->monitor_->sample().has_value(); });
    EXPECT_EQ(SqlStateOf(t->monitor_->error()), "08006");
    int changes = t->changes_;
    co_await t->Until([&] { return t->changes_ > changes; });
    t->server_.Fail(false);
    co_await t->Until([t] { return t->monitor_->sample().has_value(); });
    EXPECT_TRUE(t->monitor_->error().ok());
    EXPECT_GE(t->server_.logins(), 2u);
  }(this));
}

}  // namespace
}  // namespace pgbraid::pool
