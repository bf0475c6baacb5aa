// What needs no server, or one that hangs. tests/pool/ has the rest, on real
// servers.
#include "pool/catalog_service.h"

#include <memory>
#include <mutex>
#include <thread>

#include "gtest/gtest.h"
#include "pool/silent_server.h"

namespace pgbraid::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Mode = SilentServer::Mode;

TimePoint Now() { return std::chrono::steady_clock::now(); }

class CatalogServiceTest : public testing::Test {
 protected:
  CatalogServiceTest() {
    options_.poll_interval = milliseconds(20);
    options_.first_retry = milliseconds(5);
    options_.longest_retry = milliseconds(20);
    options_.log = [this](std::string_view line) {
      std::lock_guard<std::mutex> lock(mutex_);
      log_.emplace_back(line);
    };
  }

  // A service whose shards are asked at these ports; 0: nowhere.
  std::unique_ptr<CatalogService> Make(std::vector<uint16_t> ports) {
    const auto source_for = [this, ports](int shard,
                                          const std::string& database) {
      ++asked_;
      std::optional<CatalogSource> source;
      if (ports[shard] != 0) {
        source =
            CatalogSource{"127.0.0.1", ports[shard], database, "postgres", ""};
      }
      return source;
    };
    auto service = std::make_unique<CatalogService>(
        static_cast<int>(ports.size()), options_, source_for,
        [this](const CatalogUpdate&) { ++published_; });
    service->Start();
    return service;
  }

  // Until `condition` holds, for 5 s at most.
  template <class Condition>
  static bool Eventually(Condition condition) {
    const TimePoint deadline = Now() + seconds(5);
    while (!condition()) {
      if (Now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }

  std::vector<std::string> Log() {
    std::lock_guard<std::mutex> lock(mutex_);
    return log_;
  }

  CatalogServiceOptions options_;
  std::atomic<int> asked_{0};
  std::atomic<int> published_{0};
  std::mutex mutex_;
  std::vector<std::string> log_;
};

TEST_F(CatalogServiceTest, StartsAndStopsWithNothingWanted) {
  auto service = Make({0, 0});
  EXPECT_TRUE(service->WaitForFirst(Now()).ok());
  EXPECT_EQ(service->Current(0, "app"), nullptr);
  service->Stop();
  EXPECT_EQ(asked_, 0);
}

TEST_F(CatalogServiceTest, AsksAgainWhereToAskUntilThereIsAHost) {
  auto service = Make({0});
  ASSERT_TRUE(service->Want(0, "app").ok());
  EXPECT_TRUE(Eventually([&] { return asked_ >= 3; }));
  EXPECT_EQ(SqlStateOf(service->LastError(0, "app")), "57P03");
  EXPECT_EQ(service->Current(0, "app"), nullptr);
}

TEST_F(CatalogServiceTest, LogsAnErrorOnceWhileItStaysTheSame) {
  auto service = Make({0});
  ASSERT_TRUE(service->Want(0, "app").ok());
  EXPECT_TRUE(Eventually([&] { return asked_ >= 5; }));
  service->Stop();
  EXPECT_EQ(Log(), std::vector<std::string>{
                       "catalogs of database \"app\" on shard 0: no host is "
                       "known that could be asked"});
}

TEST_F(CatalogServiceTest, WaitForFirstNamesWhatIsMissingAndWhy) {
  auto service = Make({0, 0});
  ASSERT_TRUE(service->Want(1, "app").ok());
  EXPECT_TRUE(Eventually([&] { return asked_ >= 2; }));
  const Status status = service->WaitForFirst(Now() + milliseconds(20));
  EXPECT_EQ(SqlStateOf(status), "57P03");
  EXPECT_EQ(MessageOf(status),
            "no catalogs of database \"app\" on shard 1: no host is known that "
            "could be asked");
}

TEST_F(CatalogServiceTest, StopDoesNotWaitForServersThatHang) {
  SilentServer silent(Mode::kSilent);
  SilentServer mute(Mode::kTakesQueries);
  auto service = Make({silent.port(), mute.port()});
  ASSERT_TRUE(service->Want(0, "app").ok());
  ASSERT_TRUE(service->Want(1, "app").ok());
  ASSERT_TRUE(Eventually([&] { return asked_ >= 2; }));
  std::this_thread::sleep_for(milliseconds(50));  // into their waits
  const TimePoint begun = Now();
  service->Stop();
  EXPECT_LT(Now() - begun, milliseconds(500));
  EXPECT_EQ(published_, 0);
}

TEST_F(CatalogServiceTest, HangingShardDoesNotHoldUpTheOthers) {
  SilentServer silent(Mode::kSilent);
  auto service = Make({silent.port(), 0});
  ASSERT_TRUE(service->Want(0, "app").ok());
  ASSERT_TRUE(Eventually([&] { return asked_ == 1; }));
  ASSERT_TRUE(service->Want(1, "app").ok());
  EXPECT_TRUE(Eventually([&] { return asked_ >= 4; }));
  // The first shard is still at its first connection.
  EXPECT_EQ(MessageOf(service->LastError(0, "app")),
            "the catalogs have not been read yet");
}

TEST_F(CatalogServiceTest, UnreadableDatabaseMakesRoomForTheNextAtTheLimit) {
  options_.max_databases = 2;
  auto service = Make({0});
  ASSERT_TRUE(service->Want(0, "a").ok());
  ASSERT_TRUE(service->Want(0, "b").ok());
  const auto known = [&](const std::string& database) {
    return MessageOf(service->LastError(0, database)) !=
           "the catalogs have not been read yet";
  };
  ASSERT_TRUE(Eventually([&] { return known("a") && known("b"); }));
  EXPECT_TRUE(service->Want(0, "c").ok());
  EXPECT_TRUE(Eventually([&] { return known("c"); }));
  EXPECT_NE(known("a"), known("b"));
}

TEST_F(CatalogServiceTest, RefusesMoreDatabasesThanTheLimit) {
  options_.max_databases = 1;
  SilentServer silent(Mode::kSilent);
  auto service = Make({silent.port()});
  ASSERT_TRUE(service->Want(0, "a").ok());
  // "a" is being read, which may well succeed.
  EXPECT_EQ(SqlStateOf(service->Want(0, "b")), "53400");
  EXPECT_EQ(service->MarkStale(0, "b"), 0u);
}

TEST_F(CatalogServiceTest, MarksGrowAndSpareAServerThatFails) {
  options_.first_retry = seconds(5);
  options_.longest_retry = seconds(5);
  auto service = Make({0});
  const uint64_t first = service->MarkStale(0, "app");
  EXPECT_GT(first, 0u);
  ASSERT_TRUE(Eventually([&] { return asked_ == 1 && !Log().empty(); }));
  EXPECT_GT(service->MarkStale(0, "app"), first);
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(asked_, 1);
}

}  // namespace
}  // namespace pgbraid::pool
