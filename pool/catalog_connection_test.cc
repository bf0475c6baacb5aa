#include "pool/catalog_connection.h"

#include <thread>

#include "gtest/gtest.h"
#include "pool/silent_server.h"

namespace pgbraid::pool {
namespace {

using std::chrono::milliseconds;
using Mode = SilentServer::Mode;

CatalogSource SourceAt(uint16_t port) {
  return {"127.0.0.1", port, "app", "postgres", ""};
}

class Stopwatch {
 public:
  auto Elapsed() const { return std::chrono::steady_clock::now() - start_; }

 private:
  const TimePoint start_ = std::chrono::steady_clock::now();
};

TEST(CatalogConnectionTest, RefusedConnectionIs08006) {
  uint16_t port = 0;
  {
    SilentServer gone(Mode::kSilent);
    port = gone.port();
  }
  const auto opened = CatalogConnection::Open(SourceAt(port));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(SqlStateOf(opened.status()), "08006");
  EXPECT_NE(MessageOf(opened.status()).find("refused"), std::string::npos);
}

TEST(CatalogConnectionTest, ConnectingToAServerThatHangsEndsAtItsDeadline) {
  SilentServer server(Mode::kSilent);
  const CatalogTimeouts timeouts{milliseconds(200), milliseconds(200)};
  const Stopwatch watch;
  const auto opened =
      CatalogConnection::Open(SourceAt(server.port()), timeouts);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(SqlStateOf(opened.status()), "57014");
  EXPECT_GE(watch.Elapsed(), milliseconds(200));
  EXPECT_LT(watch.Elapsed(), milliseconds(1000));
}

TEST(CatalogConnectionTest, StatementOnAServerThatHangsEndsAtItsDeadline) {
  SilentServer server(Mode::kTakesQueries);
  const CatalogTimeouts timeouts{milliseconds(2000), milliseconds(200)};
  auto opened = CatalogConnection::Open(SourceAt(server.port()), timeouts);
  ASSERT_TRUE(opened.ok()) << opened.status();
  const Stopwatch watch;
  const auto result = (*opened)->Query("SELECT 1");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(SqlStateOf(result.status()), "57014");
  EXPECT_TRUE((*opened)->broken());
  EXPECT_EQ(SqlStateOf((*opened)->Query("SELECT 1").status()), "08006");
  opened->reset();  // does not wait for the server either
  EXPECT_GE(watch.Elapsed(), milliseconds(200));
  EXPECT_LT(watch.Elapsed(), milliseconds(1000));
}

TEST(CatalogConnectionTest, CancelFromAnotherThreadEndsTheWait) {
  SilentServer server(Mode::kTakesQueries);
  std::atomic<bool> cancel{false};
  auto opened = CatalogConnection::Open(SourceAt(server.port()), {}, &cancel);
  ASSERT_TRUE(opened.ok()) << opened.status();
  const Stopwatch watch;
  std::thread canceller([&cancel] {
    std::this_thread::sleep_for(milliseconds(50));
    cancel = true;
  });
  const auto result = (*opened)->Query("SELECT 1");
  EXPECT_EQ(SqlStateOf(result.status()), "57014");
  EXPECT_NE(MessageOf(result.status()).find("cancelled"), std::string::npos);
  EXPECT_LT(watch.Elapsed(), milliseconds(1000));
  canceller.join();
}

TEST(CatalogConnectionTest, LostConnectionIs08006) {
  auto server = std::make_unique<SilentServer>(Mode::kTakesQueries);
  auto opened = CatalogConnection::Open(SourceAt(server->port()));
  ASSERT_TRUE(opened.ok()) << opened.status();
  server.reset();
  EXPECT_EQ(SqlStateOf((*opened)->Query("SELECT 1").status()), "08006");
  EXPECT_TRUE((*opened)->broken());
}

}  // namespace
}  // namespace pgbraid::pool
