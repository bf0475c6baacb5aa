#include "net/resolver.h"

#include <chrono>
#include <optional>
#include <vector>

#include "net/test_support.h"

namespace pgbraid::net::internal {
namespace {

using Addresses = StatusOr<std::vector<SocketAddress>>;

class ResolverTest : public ReactorTest {
 protected:
  static Task<void> Keep(Task<Addresses> resolve,
                         std::optional<Addresses>* result) {
    result->emplace(co_await resolve);
  }
};

TEST_F(ResolverTest, NumbersAreAnsweredWithoutWaiting) {
  std::optional<Addresses> result;
  reactor()->Spawn(
      Keep(Resolve(reactor(), {"127.0.0.1", 5432}, reactor()->now()), &result));
  ASSERT_TRUE(result.has_value());
  ASSERT_TRUE(result->ok());
  ASSERT_EQ((*result)->size(), 1u);
  EXPECT_EQ((**result)[0].ToString(), "127.0.0.1:5432");
}

TEST_F(ResolverTest, NamesAreAnsweredOffTheThread) {
  std::optional<Addresses> result;
  Task<void> task =
      Keep(Resolve(reactor(), {"localhost", 5432}, TimePoint::max()), &result);
  Run(std::move(task));
  ASSERT_TRUE(result.has_value());
  ASSERT_TRUE(result->ok()) << result->status();
  EXPECT_FALSE((*result)->empty());
}

TEST_F(ResolverTest, ManyAtOnceAreAllAnswered) {
  std::vector<std::optional<Addresses>> results(50);
  for (auto& result : results) {
    reactor()->Spawn(Keep(
        Resolve(reactor(), {"localhost", 5432}, TimePoint::max()), &result));
  }
  Run([](Reactor* reactor, auto* all) -> Task<void> {
    for (size_t i = 0; i < all->size();) {
      if ((*all)[i].has_value()) {
        ++i;
      } else {
        co_await SleepUntil(reactor,
                            reactor->now() + std::chrono::milliseconds(1));
      }
    }
  }(reactor(), &results));
  for (const auto& result : results) EXPECT_TRUE(result->ok());
}

TEST_F(ResolverTest, DeadlineIsKept) {
  std::optional<Addresses> result;
  reactor()->Spawn(
      Keep(Resolve(reactor(), {"localhost", 5432}, reactor()->now()), &result));
  ASSERT_TRUE(result.has_value());
  ASSERT_FALSE(result->ok());
  EXPECT_EQ(SqlStateOf(result->status()), sqlstate::kConnectionFailure);
}

}  // namespace
}  // namespace pgbraid::net::internal
