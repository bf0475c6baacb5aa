#include "pool/shard_hosts.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "net/test_support.h"
#include "pool/monitored_server.h"

namespace pgbraid::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ShardHostsTest : public net::ReactorTest {
 public:
  using net::ReactorTest::clock_;
  using net::ReactorTest::In;
  using net::ReactorTest::reactor;

  ShardHostsTest()
      : first_(reactor()), second_(reactor()), credentials_("", {}, {}) {}

  void Start() {
    ShardHostsOptions options;
    options.shard_name = "s0";
    for (MonitoredServer* server : {&first_, &second_}) {
      HostPoolOptions host;
      host.address = server->address();
      options.hosts.push_back(host);
    }
    options.monitor.database = "app";
    options.monitor.login = {"alice", ""};
    options.monitor.poll_interval = milliseconds(5);
    options.monitor.timeout = milliseconds(200);
    options.max_replica_lag = seconds(60);
    options.on_deposed = [this] { ++deposed_; };
    hosts_ = std::make_unique<ShardHosts>(reactor(), std::move(options),
                                          &credentials_, &tables_, &random_);
    hosts_->Start();
  }
  net::Task<void> Until(std::function<bool()> condition) {
    TimePoint end = In(seconds(10));
    while (!condition() && clock_.Now() < end) {
      co_await net::SleepUntil(reactor(), In(milliseconds(1)));
    }
    EXPECT_TRUE(condition());
  }
  static MonitoredServer::Role Standby(std::string lsn, std::string timeline) {
    return {true, std::move(lsn), "", std::move(timeline)};
  }

  MonitoredServer first_;
  MonitoredServer second_;
  FixedRandom random_;
  ReactorTables tables_;
  Credentials credentials_;
  Identity app_{"alice", "app"};
  int deposed_ = 0;
  std::unique_ptr<ShardHosts> hosts_;
};

TEST_F(ShardHostsTest, ThePrimaryIsFoundWhereverItStands) {
  first_.role = Standby("0/3000100", "1");
  Run([](ShardHostsTest* t) -> net::Task<void> {
    t->Start();
    EXPECT_EQ(t->hosts_->primary(), -1);
    auto primary = co_await t->hosts_->AwaitPrimary(t->In(seconds(5)), nullptr);
    EXPECT_TRUE(primary.ok());
    EXPECT_EQ(*primary, 1);
    EXPECT_TRUE(t->hosts_->Reigns(1));
    EXPECT_FALSE(t->hosts_->Reigns(0));
    EXPECT_EQ(t->hosts_->address(1).port, t->second_.address().port);
  }(this));
}

TEST_F(ShardHostsTest, WithoutAPrimaryItIsSaidWhatEachHostIs) {
  first_.role = Standby("0/3000100", "1");
  second_.Fail(true);
  Run([](ShardHostsTest* t) -> net::Task<void> {
    t->Start();
    auto primary =
        co_await t->hosts_->AwaitPrimary(t->In(milliseconds(400)), nullptr);
    EXPECT_EQ(SqlStateOf(primary.status()), "57P03");
    std::string words =
        MessageOf(primary.status()) + " " + DetailOf(primary.status());
    for (MonitoredServer* server : {&t->first_, &t->second_}) {
      EXPECT_NE(words.find(server->address().ToString()), std::string::npos)
          << words;
    }
    EXPECT_NE(words.find("standby"), std::string::npos) << words;
  }(this));
}

TEST_F(ShardHostsTest, AnInterruptEndsTheWaitForAPrimary) {
  first_.role = second_.role = Standby("0/3000100", "1");
  Run([](ShardHostsTest* t) -> net::Task<void> {
    t->Start();
    Interrupt interrupt;
    interrupt.Begin();
    std::optional<Status> told;
    t->reactor()->Spawn([](ShardHostsTest* test, Interrupt* why,
                           std::optional<Status>* out) -> net::Task<void> {
      auto primary =
          co_await test->hosts_->AwaitPrimary(test->In(seconds(10)), why);
      *out = primary.status();
    }(t, &interrupt, &told));
    interrupt.Raise();
    co_await t->Until([&] { return told.has_value(); });
    EXPECT_EQ(SqlStateOf(*told), "57014");
  }(this));
}

TEST_F(ShardHostsTest, AStandbyServesOnceItHasReplayedWhatTheSessionHasSeen) {
  second_.role = Standby("0/3000100", "1");
  Run([](ShardHostsTest* t) -> net::Task<void> {
    t->Start();
    SessionFreshness session;
    bool must_wait = false;
    co_await t->Until([&] {
      return t->hosts_->TryChooseStandby(Consistency::kSession, &session,
                                         &must_wait) == 1;
    });
    // The primary goes on, and the session has seen that.
    t->first_.role.lsn = t->first_.role.flush_lsn = "0/3000900";
    session.SeenOnPrimary(t->In({}));
    EXPECT_EQ(t->hosts_->TryChooseStandby(Consistency::kSession, &session,
                                          &must_wait),
              -1);
    EXPECT_TRUE(must_wait);
    size_t before = t->second_.samples();
    co_await t->Until([&] { return t->second_.samples() > before + 3; });
    int chosen = co_await t->hosts_->ChooseStandby(Consistency::kSession,
                                                   &session, nullptr);
    EXPECT_EQ(chosen, -1);
    t->second_.role.lsn = "0/3000900";
    co_await t->Until([&] {
      return t->hosts_->TryChooseStandby(Consistency::kSession, &session,
                                         &must_wait) == 1;
    });
    EXPECT_EQ(
        t->hosts_->TryChooseStandby(Consistency::kStrong, &session, &must_wait),
        -1);
  }(this));
}

TEST_F(ShardHostsTest, ADeposedPrimaryLosesItsConnectionsAndItsReign) {
  second_.role = Standby("0/3000100", "1");
  Run([](ShardHostsTest* t) -> net::Task<void> {
    t->Start();
    auto primary = co_await t->hosts_->AwaitPrimary(t->In(seconds(5)), nullptr);
    EXPECT_EQ(*primary, 0);
    const Environment* plain = t->tables_.environments.empty().get();
    auto lease = co_await t->hosts_->pool(0)->Acquire(
        &t->app_, plain, t->In(seconds(5)), nullptr);
    EXPECT_TRUE(lease.ok());
    // Both say that they are the primary: the newer timeline is.
    t->second_.role = {false, "0/3000200", "0/3000200", "00000002"};
    co_await t->Until([&] { return t->hosts_->primary() == 1; });
    co_await t->Until([&] { return t->deposed_ == 1; });
    EXPECT_FALSE(t->hosts_->Reigns(0));
    EXPECT_TRUE(t->hosts_->Reigns(1));
    Status lost = (*lease)->LossError();
    EXPECT_EQ(SqlStateOf(lost), "08006");
    EXPECT_NE(MessageOf(lost).find("no longer the primary of shard s0"),
              std::string::npos)
        << MessageOf(lost);
    EXPECT_NE(DetailOf(lost).find(t->second_.address().ToString()),
              std::string::npos)
        << DetailOf(lost);
    lease->Return();
    EXPECT_EQ(t->hosts_->pool(0)->idle(), 0u);
  }(this));
}

TEST_F(ShardHostsTest, IdleConnectionsDoNotOutliveTheirHostsRole) {
  second_.role = Standby("0/3000100", "1");
  Run([](ShardHostsTest* t) -> net::Task<void> {
    t->Start();
    co_await t->Until([&] { return t->hosts_->incarnation(1) == 1; });
    const Environment* plain = t->tables_.environments.empty().get();
    auto lease = co_await t->hosts_->pool(1)->Acquire(
        &t->app_, plain, t->In(seconds(5)), nullptr);
    EXPECT_TRUE(lease.ok());
    lease->Return();
    EXPECT_EQ(t->hosts_->pool(1)->idle(), 1u);
    t->second_.role = {false, "0/3000200", "0/3000200", "00000002"};
    co_await t->Until([&] { return t->hosts_->pool(1)->idle() == 0; });
  }(this));
}

}  // namespace
}  // namespace pgbraid::pool
