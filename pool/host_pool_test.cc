#include "pool/host_pool.h"

#include <gtest/gtest.h>

#include <optional>

#include "net/test_support.h"
#include "pool/fake_server.h"
#include "wire/error_response.h"

namespace pgbraid::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HostPoolTest : public net::ReactorTest {
 public:
  using net::ReactorTest::In;
  using net::ReactorTest::reactor;

  HostPoolTest() : server_(reactor()), credentials_("", {}, {}) { Make(2); }
  ~HostPoolTest() override {
    EXPECT_EQ(pool_->leased(), 0u);
    EXPECT_EQ(pool_->waiting(), 0u);
    EXPECT_EQ(pool_->total(), pool_->idle());
  }
  void Make(size_t limit, Duration checkout_timeout = seconds(5)) {
    HostPoolOptions options;
    options.address = server_.address();
    options.limit = limit;
    options.connect_timeout = milliseconds(200);
    options.checkout_timeout = checkout_timeout;
    pool_ = std::make_unique<HostPool>(reactor(), options, &credentials_,
                                       &tables_, &random_);
  }

  const Environment* empty() { return tables_.environments.empty().get(); }
  EnvironmentRef Set(std::string value) {
    return tables_.environments.With(
        tables_.environments.empty(),
        {"work_mem", value, "SET work_mem TO " + value});
  }
  net::Task<StatusOr<Lease>> Get(const Identity* who, Duration patience) {
    return pool_->Acquire(who, empty(), In(patience), nullptr);
  }
  net::Task<Lease> Take() {
    auto lease = co_await Get(&app_, seconds(5));
    EXPECT_TRUE(lease.ok()) << lease.status();
    co_return *std::move(lease);
  }
  // Waits in line, and notes who had a turn; holds the lease for no time.
  static net::Task<void> Queue(HostPoolTest* t, int number,
                               std::vector<int>* order) {
    auto lease = co_await t->Get(&t->app_, seconds(5));
    EXPECT_TRUE(lease.ok());
    order->push_back(number);
  }
  // The same with settings, which the connection is given.
  static net::Task<void> QueueWith(HostPoolTest* t, EnvironmentRef environment,
                                   int number, std::vector<int>* order) {
    auto lease = co_await t->pool_->Acquire(&t->app_, environment.get(),
                                            t->In(seconds(5)), nullptr);
    EXPECT_TRUE(lease.ok()) << lease.status();
    if (!lease.ok()) co_return;
    (*lease)->environment = environment;
    order->push_back(number);
  }
  net::Task<void> Until(std::function<bool()> condition) {
    while (!condition()) {
      co_await net::SleepUntil(reactor(), In(milliseconds(1)));
    }
  }

  FakeServer server_;
  FixedRandom random_;
  ReactorTables tables_;
  Credentials credentials_;
  Identity app_{"alice", "app"};
  Identity other_{"bob", "app"};
  std::unique_ptr<HostPool> pool_;
};

TEST_F(HostPoolTest, AReturnedConnectionIsLentAgain) {
  Run([](HostPoolTest* t) -> net::Task<void> {
    EXPECT_FALSE(t->pool_->TryAcquire(&t->app_, t->empty()));
    Lease lease = co_await t->Take();
    uint32_t process = lease->process_id;
    EXPECT_EQ(lease->incarnation, 1);
    EXPECT_EQ(t->pool_->leased(), 1u);
    lease.Return();
    EXPECT_EQ(t->pool_->idle(), 1u);
    lease = t->pool_->TryAcquire(&t->app_, t->empty());
    EXPECT_TRUE(lease);
    EXPECT_EQ(lease->process_id, process);
    EXPECT_EQ(t->server_.logins(), 1u);
  }(this));
}

TEST_F(HostPoolTest, WhoAdvancesSequencesLeavesThoseOfOthersAlone) {
  Make(3);
  Run([](HostPoolTest* t) -> net::Task<void> {
    std::vector<Lease> leases;
    for (int i = 0; i < 3; ++i) leases.push_back(co_await t->Take());
    // The third has nobody's sequences, but other settings.
    auto first = std::make_shared<bool>();
    auto second = std::make_shared<bool>();
    leases[0]->sequence_owner = first;
    leases[0]->sequence_turn = 2;
    leases[1]->sequence_owner = second;
    leases[1]->sequence_turn = 1;
    leases[2]->environment = t->Set("1MB");
    std::vector<uint64_t> ids;
    for (Lease& lease : leases) ids.push_back(lease->id);
    leases.clear();
    const SequenceWish wish = {0, true};
    Lease free = t->pool_->TryAcquire(&t->app_, t->empty(), wish);
    EXPECT_EQ(free->id, ids[2]);
    Lease oldest = t->pool_->TryAcquire(&t->app_, t->empty(), wish);
    EXPECT_EQ(oldest->id, ids[1]);
    oldest.Return();
    // Whose owner is gone is as good as free; one's own is better.
    first.reset();
    Lease left = t->pool_->TryAcquire(&t->app_, t->empty(), wish);
    EXPECT_EQ(left->id, ids[0]);
    left.Return();
    Lease own = t->pool_->TryAcquire(&t->app_, t->empty(), {ids[1], true});
    EXPECT_EQ(own->id, ids[1]);
  }(this));
}

TEST_F(HostPoolTest, RatherThanAnothersSequencesANewConnectionIsUsed) {
  Run([](HostPoolTest* t) -> net::Task<void> {
    auto owner = std::make_shared<bool>();
    Lease lease = co_await t->Take();
    lease->sequence_owner = owner;
    lease.Return();
    EXPECT_FALSE(t->pool_->TryAcquire(&t->app_, t->empty(), {0, true}));
    const SequenceWish wish = {0, true};
    auto made = co_await t->pool_->Acquire(&t->app_, t->empty(),
                                           t->In(seconds(5)), nullptr, wish);
    EXPECT_TRUE(made.ok());
    EXPECT_EQ(t->server_.logins(), 2u);
  }(this));
}

TEST_F(HostPoolTest, WhoWaitsIsServedInOrderAndNobodyOvertakes) {
  Run([](HostPoolTest* t) -> net::Task<void> {
    Lease one = co_await t->Take();
    Lease two = co_await t->Take();
    std::vector<int> order;
    for (int i = 0; i < 5; ++i) t->reactor()->Spawn(Queue(t, i, &order));
    co_await t->Until([&] { return t->pool_->waiting() == 5; });
    EXPECT_EQ(t->pool_->total(), 2u);
    one.Return();
    // It is the first one's already, though that has not run yet.
    EXPECT_FALSE(t->pool_->TryAcquire(&t->app_, t->empty()));
    co_await t->Until([&] { return order.size() == 5; });
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
    EXPECT_EQ(t->server_.logins(), 2u);
  }(this));
}

TEST_F(HostPoolTest, WhoWaitsTooLongIsToldAndLeavesTheLine) {
  Run([](HostPoolTest* t) -> net::Task<void> {
    Lease one = co_await t->Take();
    Lease two = co_await t->Take();
    auto late = co_await t->Get(&t->app_, milliseconds(30));
    EXPECT_EQ(SqlStateOf(late.status()), sqlstate::kTooManyConnections);
    EXPECT_NE(DetailOf(late.status()).find("All 2 connections"),
              std::string::npos);
    EXPECT_EQ(t->pool_->waiting(), 0u);
    one.Return();
    EXPECT_TRUE(t->pool_->TryAcquire(&t->app_, t->empty()));
  }(this));
}

TEST_F(HostPoolTest, AConnectionThatIsNotCleanMakesPlaceForANewOne) {
  Run([](HostPoolTest* t) -> net::Task<void> {
    for (auto spoil : std::vector<std::function<void(ServerConnection*)>>{
             [](ServerConnection* c) { c->retired = true; },
             [](ServerConnection* c) { c->worn = true; },
             [](ServerConnection* c) { c->tainted = true; },
             [](ServerConnection* c) { c->partial = "x"; },
             [](ServerConnection* c) {
               c->transaction_status = wire::TransactionStatus::kInTransaction;
             }}) {
      size_t logins = t->server_.logins();
      Lease one = co_await t->Take();
      Lease two = co_await t->Take();
      std::vector<int> order;
      t->reactor()->Spawn(Queue(t, 0, &order));
      co_await t->Until([&] { return t->pool_->waiting() == 1; });
      spoil(one.get());
      one.Return();
      co_await t->Until([&] { return order.size() == 1; });
      EXPECT_LE(t->pool_->total(), 2u);
      EXPECT_GT(t->server_.logins(), logins);
    }
  }(this));
}

TEST_F(HostPoolTest, OneWithTheSameSettingsIsPreferred) {
  Run([](HostPoolTest* t) -> net::Task<void> {
    EnvironmentRef set = t->Set("1MB");
    Lease one = co_await t->Take();
    Lease two = co_await t->Take();
    ServerConnection* like = one.get();
    one->environment = set;
    one.Return();
    two.Return();  // the last used, but not like it
    Lease lease = t->pool_->TryAcquire(&t->app_, set.get());
    EXPECT_EQ(lease.get(), like);
  }(this));
}

TEST_F(HostPoolTest, AnotherIdentityMakesRoomAndGetsItsOwn) {
  Run([](HostPoolTest* t) -> net::Task<void> {
    Lease one = co_await t->Take();
    Lease two = co_await t->Take();
    one.Return();
    two.Return();
    auto other = co_await t->Get(&t->other_, seconds(5));
    EXPECT_TRUE(other.ok());
    EXPECT_EQ((*other)->user(), "bob");
    EXPECT_EQ(t->pool_->total(), 2u);
    EXPECT_FALSE(t->pool_->TryAcquire(&t->other_, t->empty()));
  }(this));
}

TEST_F(HostPoolTest, AnIdleConnectionThatSpokeIsNotUsed) {
  Run([](HostPoolTest* t) -> net::Task<void> {
    Lease lease = co_await t->Take();
    lease.Return();
    t->server_.streams[0]->Send("x");
    co_await net::SleepUntil(t->reactor(), t->In(milliseconds(5)));
    EXPECT_FALSE(t->pool_->TryAcquire(&t->app_, t->empty()));
    EXPECT_EQ(t->pool_->total(), 0u);
    lease = co_await t->Take();
    lease.Return();
    t->server_.streams[1] = nullptr;  // closed by the server
    co_await net::SleepUntil(t->reactor(), t->In(milliseconds(5)));
    EXPECT_FALSE(t->pool_->TryAcquire(&t->app_, t->empty()));
  }(this));
}

TEST_F(HostPoolTest, AServerThatDoesNotLetInCostsNoPlace) {
  Make(1);
  Run([](HostPoolTest* t) -> net::Task<void> {
    t->server_.silent = true;
    auto lease = co_await t->Get(&t->app_, seconds(5));
    EXPECT_EQ(SqlStateOf(lease.status()).substr(0, 2), "08");
    EXPECT_EQ(t->pool_->total(), 0u);
    t->server_.silent = false;
    lease = co_await t->Get(&t->app_, seconds(5));
    EXPECT_TRUE(lease.ok());
  }(this));
}

TEST_F(HostPoolTest, WhoFitsMayOvertakeButNotThoseWhoHaveWaitedLong) {
  Make(1, milliseconds(800));  // overtaken for 200 ms at most
  Run([](HostPoolTest* t) -> net::Task<void> {
    EnvironmentRef rare = t->Set("1MB");
    EnvironmentRef common = t->Set("2MB");
    for (bool late : {false, true}) {
      Lease lease = co_await t->Take();
      lease->environment = common;
      std::vector<int> order;
      for (int i = 0; i < 3; ++i) {
        t->reactor()->Spawn(QueueWith(t, rare, i, &order));
      }
      co_await t->Until([&] { return t->pool_->waiting() == 3; });
      if (late) {
        co_await net::SleepUntil(t->reactor(), t->In(milliseconds(220)));
      }
      for (int i = 3; i < 6; ++i) {
        t->reactor()->Spawn(QueueWith(t, common, i, &order));
      }
      co_await t->Until([&] { return t->pool_->waiting() == 6; });
      lease.Return();
      co_await t->Until([&] { return order.size() == 6; });
      EXPECT_EQ(order, late ? (std::vector<int>{0, 1, 2, 3, 4, 5})
                            : (std::vector<int>{3, 4, 5, 0, 1, 2}));
    }
    EXPECT_EQ(t->server_.logins(), 1u);
  }(this));
}

TEST_F(HostPoolTest, AConnectionIsRatherLentToAnotherThanClosed) {
  Make(1);
  Run([](HostPoolTest* t) -> net::Task<void> {
    EnvironmentTable& table = t->tables_.environments;
    EnvironmentRef custom = table.With(table.empty(), EmptyCustom("my.a"));
    EnvironmentRef more = table.With(custom, EmptyCustom("my.b"));
    Lease lease = co_await t->Take();
    lease->environment = custom;
    std::vector<int> order;
    t->reactor()->Spawn(QueueWith(t, table.empty(), 0, &order));
    t->reactor()->Spawn(QueueWith(t, more, 1, &order));
    co_await t->Until([&] { return t->pool_->waiting() == 2; });
    lease.Return();
    co_await t->Until([&] { return order.size() == 2; });
    EXPECT_EQ(order, (std::vector<int>{1, 0}));
    EXPECT_EQ(t->server_.logins(), 2u);
  }(this));
}

TEST_F(HostPoolTest, WhoseTimeEndsWhileOneIsMadeIsToldAndAnotherGetsIt) {
  Make(1);
  Run([](HostPoolTest* t) -> net::Task<void> {
    t->server_.slow = true;
    auto late = co_await t->Get(&t->app_, milliseconds(30));
    EXPECT_EQ(SqlStateOf(late.status()), sqlstate::kTooManyConnections);
    EXPECT_EQ(DetailOf(late.status()), "One was still being made.");
    EXPECT_EQ(t->pool_->total(), 1u);
    std::vector<int> order;
    t->reactor()->Spawn(Queue(t, 0, &order));
    co_await t->Until([&] { return t->pool_->waiting() == 1; });
    t->server_.slow = false;
    co_await t->Until([&] { return order.size() == 1; });
    EXPECT_EQ(t->server_.logins(), 1u);
  }(this));
}

TEST_F(HostPoolTest, ADeposedHostTurnsEverybodyAway) {
  Run([](HostPoolTest* t) -> net::Task<void> {
    Lease one = co_await t->Take();
    Lease two = co_await t->Take();
    std::optional<Status> told;
    t->reactor()->Spawn(
        [](HostPoolTest* test, std::optional<Status>* out) -> net::Task<void> {
          auto lease = co_await test->Get(&test->app_, seconds(5));
          *out = lease.status();
        }(t, &told));
    co_await t->Until([&] { return t->pool_->waiting() == 1; });
    t->pool_->Depose(SqlError(sqlstate::kConnectionFailure, "deposed"));
    co_await t->Until([&] { return told.has_value(); });
    EXPECT_EQ(MessageOf(*told), "deposed");
    EXPECT_EQ(MessageOf(one->LossError()), "deposed");
    one.Return();
    two.Return();
    EXPECT_EQ(t->pool_->idle(), 0u);
  }(this));
}

TEST_F(HostPoolTest, WhoWaitsForOneConnectionGetsItBeforeThoseInLine) {
  Make(1);
  Run([](HostPoolTest* t) -> net::Task<void> {
    Lease lease = co_await t->Take();
    const uint64_t id = lease->id;
    std::vector<int> order;
    t->reactor()->Spawn(Queue(t, 1, &order));
    co_await t->Until([&] { return t->pool_->waiting() == 1; });
    t->reactor()->Spawn([](HostPoolTest* test, uint64_t only,
                           std::vector<int>* out) -> net::Task<void> {
      Lease own = co_await test->pool_->AcquireOnly(only, test->In(seconds(5)),
                                                    nullptr);
      EXPECT_TRUE(own && own->id == only);
      out->push_back(2);
    }(t, id, &order));
    lease.Return();
    co_await t->Until([&] { return order.size() == 2; });
    EXPECT_EQ(order, (std::vector<int>{2, 1}));
    EXPECT_EQ(t->server_.logins(), 1u);
  }(this));
}

TEST_F(HostPoolTest, OneConnectionIsLentAtOnceOrNotAtAllOnceItIsGone) {
  Run([](HostPoolTest* t) -> net::Task<void> {
    Lease lease = co_await t->Take();
    const uint64_t id = lease->id;
    lease.Return();
    lease = co_await t->pool_->AcquireOnly(id, t->In(seconds(5)), nullptr);
    EXPECT_TRUE(lease && lease->id == id);
    // Lent for too long: who waited leaves no trace.
    Lease late =
        co_await t->pool_->AcquireOnly(id, t->In(milliseconds(20)), nullptr);
    EXPECT_FALSE(late);
    // Closed while somebody waits: told at once.
    std::optional<bool> got;
    t->reactor()->Spawn([](HostPoolTest* test, uint64_t only,
                           std::optional<bool>* out) -> net::Task<void> {
      Lease own = co_await test->pool_->AcquireOnly(only, test->In(seconds(5)),
                                                    nullptr);
      *out = static_cast<bool>(own);
    }(t, id, &got));
    TimePoint before = t->In({});
    lease->retired = true;
    lease.Return();
    co_await t->Until([&] { return got.has_value(); });
    EXPECT_EQ(got, false);
    EXPECT_LT(t->In({}) - before, seconds(2));
    Lease gone = co_await t->pool_->AcquireOnly(id, t->In(seconds(5)), nullptr);
    EXPECT_FALSE(gone);
  }(this));
}

TEST_F(HostPoolTest, AnInterruptEndsTheWaitForOneConnection) {
  Run([](HostPoolTest* t) -> net::Task<void> {
    Lease lease = co_await t->Take();
    Interrupt interrupt;
    interrupt.Begin();
    std::optional<bool> got;
    t->reactor()->Spawn([](HostPoolTest* test, uint64_t only, Interrupt* why,
                           std::optional<bool>* out) -> net::Task<void> {
      Lease own =
          co_await test->pool_->AcquireOnly(only, test->In(seconds(5)), why);
      *out = static_cast<bool>(own);
    }(t, lease->id, &interrupt, &got));
    interrupt.Raise();
    co_await t->Until([&] { return got.has_value(); });
    EXPECT_EQ(got, false);
    lease.Return();
    EXPECT_EQ(t->pool_->idle(), 1u);
  }(this));
}

TEST_F(HostPoolTest, AConnectionMayServeAgainOnceACancelCanNotReachIt) {
  // What the signal has left: nothing, its error, another one.
  const struct {
    std::string_view state;
    bool kept;
  } kCases[] = {{"", true}, {"57014", true}, {"57P01", false}};
  for (const auto& each : kCases) {
    Make(1);
    Run([](HostPoolTest* t, std::string_view state,
           bool kept) -> net::Task<void> {
      Lease lease = co_await t->Take();
      net::Stream* server = t->server_.streams.back().get();
      t->pool_->Cancel(lease.get());
      co_await t->Until([&] { return lease->cancel == CancelProgress::kSent; });
      lease.Return();
      EXPECT_FALSE(t->pool_->TryAcquire(&t->app_, t->empty()));
      EXPECT_EQ(t->pool_->total(), 1u);
      // It is asked whether all is well; nobody gets it before the answer.
      net::Waiter waiter(t->reactor());
      server->Attach(&waiter);
      while (server->Receive().state == net::Stream::State::kPending) {
        co_await waiter.Wait(t->In(seconds(5)));
      }
      server->Attach(nullptr);
      EXPECT_EQ(t->pool_->idle(), 0u);
      std::string answer;
      if (!state.empty()) {
        wire::AppendErrorResponse(SqlError(state, "left behind"),
                                  wire::Severity::kError, &answer);
      }
      wire::AppendReadyForQuery(wire::TransactionStatus::kIdle, &answer);
      server->Send(answer);
      co_await t->Until(
          [&] { return t->pool_->idle() == 1 || t->pool_->total() == 0; });
      EXPECT_EQ(t->pool_->idle(), kept ? 1u : 0u) << state;
    }(this, each.state, each.kept));
  }
}

TEST_F(HostPoolTest, WhoseConnectionIsBeingMadeIsToldOfADeposedHostAtOnce) {
  server_.slow = true;
  Run([](HostPoolTest* t) -> net::Task<void> {
    std::optional<Status> told;
    t->reactor()->Spawn(
        [](HostPoolTest* test, std::optional<Status>* out) -> net::Task<void> {
          auto lease = co_await test->Get(&test->app_, seconds(5));
          *out = lease.status();
        }(t, &told));
    co_await t->Until([&] { return t->pool_->total() == 1; });
    t->pool_->Depose(SqlError(sqlstate::kConnectionFailure, "deposed"));
    co_await t->Until([&] { return told.has_value(); });
    EXPECT_EQ(MessageOf(*told), "deposed");
    // What is made after all is not kept.
    t->server_.slow = false;
    co_await t->Until([&] { return t->pool_->total() == 0; });
    EXPECT_EQ(t->pool_->idle(), 0u);
  }(this));
}

}  // namespace
}  // namespace pgbraid::pool
