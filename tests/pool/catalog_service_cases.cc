// The service on real servers: when it publishes, and what it survives.
#include <condition_variable>
#include <mutex>
#include <pqxx/nontransaction>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "pool/catalog_service.h"
#include "tests/pool/live_server.h"

namespace pgbraid::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TimePoint Now() { return std::chrono::steady_clock::now(); }

constexpr char kDatabase[] = "service_cases";

class CatalogServiceLiveTest : public testing::Test {
 protected:
  CatalogServiceLiveTest() : first_("s0a"), second_("s1a") {
    options_.poll_interval = milliseconds(100);
    options_.longest_retry = milliseconds(500);
    options_.log = [this](std::string_view) { ++logged_; };
    first_.RecreateDatabase(kDatabase);
    second_.RecreateDatabase(kDatabase);
  }

  void Start(const CatalogSourceFor& source_for) {
    service_ = std::make_unique<CatalogService>(
        2, options_, source_for, [this](const CatalogUpdate& update) {
          std::lock_guard<std::mutex> lock(mutex_);
          updates_.push_back(update);
          published_.notify_all();
        });
    service_->Start();
  }

  void Start() {
    Start([this](int shard, const std::string& database) {
      return std::optional(shard == 0 ? first_.source(database)
                                      : second_.source(database));
    });
  }

  void StartAndRead() {
    Start();
    ASSERT_TRUE(service_->Want(0, kDatabase).ok());
    ASSERT_TRUE(service_->Want(1, kDatabase).ok());
    const Status first = service_->WaitForFirst(Now() + seconds(20));
    ASSERT_TRUE(first.ok()) << first;
  }

  // The first update that meets the condition, from now on or before; nothing
  // if there is none in time.
  template <class Condition>
  std::optional<CatalogUpdate> Await(Condition condition,
                                     Duration patience = seconds(20)) {
    const TimePoint deadline = Now() + patience;
    std::unique_lock<std::mutex> lock(mutex_);
    for (size_t seen = 0;;) {
      for (; seen < updates_.size(); ++seen) {
        if (condition(updates_[seen])) return updates_[seen];
      }
      if (published_.wait_until(lock, deadline) == std::cv_status::timeout) {
        return std::nullopt;
      }
    }
  }

  static bool Has(const CatalogUpdate& update, const std::string& table) {
    return update.loaded.catalog->FindRelation("public", table) != nullptr;
  }

  size_t UpdateCount() {
    std::lock_guard<std::mutex> lock(mutex_);
    return updates_.size();
  }

  LiveServer first_;
  LiveServer second_;
  CatalogServiceOptions options_;
  std::atomic<int> logged_{0};
  std::mutex mutex_;
  std::condition_variable published_;
  std::vector<CatalogUpdate> updates_;
  std::unique_ptr<CatalogService> service_;
};

TEST_F(CatalogServiceLiveTest, PublishesEveryWantedDatabaseAtTheStart) {
  StartAndRead();
  const auto first = service_->Current(0, kDatabase);
  const auto second = service_->Current(1, kDatabase);
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_NE(first->epoch(), second->epoch());
  EXPECT_TRUE(service_->LastError(0, kDatabase).ok());
  EXPECT_EQ(service_->Current(0, "postgres"), nullptr);
  EXPECT_EQ(UpdateCount(), 2u);
}

TEST_F(CatalogServiceLiveTest, ReadsADatabaseThatIsWantedLater) {
  StartAndRead();
  ASSERT_TRUE(service_->Want(1, "postgres").ok());
  const auto update = Await([](const CatalogUpdate& each) {
    return each.shard == 1 && each.database == "postgres";
  });
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->loaded.catalog, service_->Current(1, "postgres"));
}

TEST_F(CatalogServiceLiveTest, FindsDdlThatCameAnotherWayByItself) {
  StartAndRead();
  const uint64_t old = service_->Current(0, kDatabase)->epoch();
  first_.Execute(kDatabase, "CREATE TABLE found (id int)");
  const TimePoint committed = Now();
  const auto update =
      Await([](const CatalogUpdate& each) { return Has(each, "found"); });
  ASSERT_TRUE(update.has_value());
  EXPECT_GT(update->loaded.catalog->epoch(), old);
  EXPECT_EQ(update->shard, 0);
  EXPECT_EQ(update->answers, 0u);
  // poll_interval, a check, a load, and a busy machine.
  EXPECT_LT(Now() - committed, seconds(2));
}

TEST_F(CatalogServiceLiveTest, MarkStaleDoesNotWaitForTheInterval) {
  options_.poll_interval = seconds(1000);
  StartAndRead();
  for (int i = 0; i < 3; ++i) {
    const std::string table = "marked_" + std::to_string(i);
    first_.Execute(kDatabase, "CREATE TABLE " + table + " (id int)");
    const uint64_t mark = service_->MarkStale(0, kDatabase);
    const auto update = Await(
        [mark](const CatalogUpdate& each) { return each.answers >= mark; });
    ASSERT_TRUE(update.has_value());
    EXPECT_TRUE(Has(*update, table));
  }
}

TEST_F(CatalogServiceLiveTest, MarkIsAnsweredThoughNothingHasChanged) {
  options_.poll_interval = seconds(1000);
  StartAndRead();
  const auto before = service_->Current(0, kDatabase);
  const uint64_t mark = service_->MarkStale(0, kDatabase);
  const auto update =
      Await([mark](const CatalogUpdate& each) { return each.answers >= mark; });
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->loaded.catalog, before);
}

TEST_F(CatalogServiceLiveTest, ManyMarksAreAnsweredByFewLooks) {
  options_.poll_interval = seconds(1000);
  StartAndRead();
  uint64_t mark = 0;
  for (int i = 0; i < 1000; ++i) mark = service_->MarkStale(0, kDatabase);
  ASSERT_TRUE(Await([mark](const CatalogUpdate& each) {
                return each.answers >= mark;
              }).has_value());
  EXPECT_LT(UpdateCount(), 500u);
}

TEST_F(CatalogServiceLiveTest, ChangeThatNoSnapshotShowsPublishesNothing) {
  StartAndRead();
  first_.Execute(kDatabase,
                 "CREATE TABLE t (id int); CREATE INDEX plain ON t (id)");
  ASSERT_TRUE(Await([](const CatalogUpdate& each) {
                return Has(each, "t");
              }).has_value());
  const auto before = service_->CurrentLoaded(0, kDatabase);
  const size_t count = UpdateCount();
  first_.Execute(kDatabase, "DROP INDEX plain");
  const TimePoint deadline = Now() + seconds(10);
  std::optional<LoadedCatalog> after;
  do {
    std::this_thread::sleep_for(milliseconds(10));
    after = service_->CurrentLoaded(0, kDatabase);
  } while (after->version == before->version && Now() < deadline);
  EXPECT_NE(after->version, before->version);
  EXPECT_EQ(after->catalog, before->catalog);
  EXPECT_EQ(UpdateCount(), count);
}

TEST_F(CatalogServiceLiveTest, SaysThatADatabaseDoesNotExistThenFindsIt) {
  first_.Execute("postgres", "DROP DATABASE IF EXISTS made_later");
  Start();
  ASSERT_TRUE(service_->Want(0, "made_later").ok());
  const Status missing = service_->WaitForFirst(Now() + seconds(1));
  EXPECT_EQ(SqlStateOf(missing), "3D000") << missing;
  first_.RecreateDatabase("made_later");
  EXPECT_TRUE(service_->WaitForFirst(Now() + seconds(20)).ok());
}

TEST_F(CatalogServiceLiveTest, KeepsTheSnapshotOfAShardThatHangs) {
  options_.timeouts = {milliseconds(300), milliseconds(300)};
  StartAndRead();
  const auto before = service_->Current(0, kDatabase);
  {
    LiveServer::Frozen frozen(first_);
    const TimePoint deadline = Now() + seconds(10);
    while (service_->LastError(0, kDatabase).ok() && Now() < deadline) {
      std::this_thread::sleep_for(milliseconds(5));
    }
    EXPECT_EQ(SqlStateOf(service_->LastError(0, kDatabase)), "57014");
    EXPECT_EQ(service_->Current(0, kDatabase), before);
    // The other shard goes on.
    second_.Execute(kDatabase, "CREATE TABLE elsewhere (id int)");
    const uint64_t mark = service_->MarkStale(1, kDatabase);
    const auto update = Await(
        [mark](const CatalogUpdate& each) { return each.answers >= mark; });
    ASSERT_TRUE(update.has_value());
    EXPECT_TRUE(Has(*update, "elsewhere"));
  }
  first_.Execute(kDatabase, "CREATE TABLE awake (id int)");
  EXPECT_TRUE(Await([](const CatalogUpdate& each) {
                return Has(each, "awake");
              }).has_value());
  EXPECT_TRUE(service_->LastError(0, kDatabase).ok());
}

TEST_F(CatalogServiceLiveTest, ConnectionThatTheServerClosedIsReplacedUnseen) {
  options_.poll_interval = seconds(1000);
  StartAndRead();
  first_.Execute("postgres",
                 "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                 "WHERE application_name = 'pgbraid-catalog'");
  first_.Execute(kDatabase, "CREATE TABLE afterwards (id int)");
  const uint64_t mark = service_->MarkStale(0, kDatabase);
  const auto update =
      Await([mark](const CatalogUpdate& each) { return each.answers >= mark; });
  ASSERT_TRUE(update.has_value());
  EXPECT_TRUE(Has(*update, "afterwards"));
  EXPECT_EQ(logged_, 0);
}

TEST_F(CatalogServiceLiveTest, CompletesWhatWasLockedWhenItIsNoLonger) {
  first_.Execute(kDatabase, "CREATE TABLE locked (id int DEFAULT 17)");
  const auto other = first_.Connect(kDatabase);
  pqxx::nontransaction work(*other);
  work.exec("BEGIN; LOCK TABLE locked");
  StartAndRead();
  const auto expression = [](const CatalogUpdate& update) {
    return update.loaded.catalog->FindRelation("public", "locked")
        ->columns[0]
        .default_expression;
  };
  const auto ours = [](const CatalogUpdate& each) { return each.shard == 0; };
  EXPECT_EQ(expression(*Await(ours)), kUnreadableExpression);
  work.exec("ROLLBACK");
  EXPECT_TRUE(Await([&](const CatalogUpdate& each) {
                return ours(each) && expression(each) == "17";
              }).has_value());
}

TEST_F(CatalogServiceLiveTest, StopsAtOnceWhileAServerHangs) {
  options_.poll_interval = milliseconds(10);
  StartAndRead();
  LiveServer::Frozen frozen(first_);
  std::this_thread::sleep_for(milliseconds(200));
  const TimePoint begun = Now();
  service_->Stop();
  EXPECT_LT(Now() - begun, seconds(1));
}

TEST_F(CatalogServiceLiveTest, FollowsTheSourceToAnotherHost) {
  std::atomic<bool> moved{false};
  Start([this, &moved](int, const std::string& database) {
    return std::optional(moved ? second_.source(database)
                               : first_.source(database));
  });
  ASSERT_TRUE(service_->Want(0, kDatabase).ok());
  ASSERT_TRUE(service_->WaitForFirst(Now() + seconds(20)).ok());
  second_.Execute(kDatabase, "CREATE TABLE over_there (id int)");
  moved = true;
  EXPECT_TRUE(Await([](const CatalogUpdate& each) {
                return Has(each, "over_there");
              }).has_value());
  service_->Stop();
}

}  // namespace
}  // namespace pgbraid::pool
