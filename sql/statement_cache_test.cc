#include "sql/statement_cache.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace pgbraid::sql {
namespace {

constexpr uint64_t kSeed = 77;
constexpr StatementCacheContext kContext{1};
constexpr StatementCacheContext kOther{2};

class StatementCacheTest : public testing::Test {
 protected:
  using Cache = StatementCache<std::string>;

  static Fingerprint Make(std::string_view text) {
    return MakeFingerprint(text, {}, kSeed);
  }

  std::optional<std::string> Find(std::string_view text,
                                  StatementCacheContext context = kContext) {
    const Cache::ValuePtr* found = cache_->Find(text, Make(text), context);
    if (found == nullptr) return std::nullopt;
    return **found;
  }

  void Insert(std::string_view text, std::string value, bool by_text = false,
              StatementCacheContext context = kContext, size_t bytes = 0) {
    cache_->Insert(text, Make(text), context,
                   std::make_shared<const std::string>(std::move(value)),
                   by_text, bytes);
  }

  void Limit(size_t max_entries, size_t max_bytes) {
    cache_ = std::make_unique<Cache>(
        StatementCacheOptions{max_entries, max_bytes, kSeed});
  }

  std::unique_ptr<Cache> cache_ = std::make_unique<Cache>(
      StatementCacheOptions{.max_entries = 100, .seed = kSeed});
};

TEST_F(StatementCacheTest, FindsTextsOfTheSameShape) {
  EXPECT_EQ(Find("SELECT 1"), std::nullopt);
  Insert("SELECT 1", "one");
  EXPECT_EQ(Find("SELECT 1"), "one");
  EXPECT_EQ(Find("SELECT 22"), "one");
  EXPECT_EQ(Find("SELECT '1'"), std::nullopt);
  EXPECT_EQ(Find("select 1"), std::nullopt);
  EXPECT_EQ(cache_->stats().hits, 2u);
  EXPECT_EQ(cache_->stats().misses, 3u);
  EXPECT_EQ(cache_->stats().insertions, 1u);
  EXPECT_EQ(cache_->stats().entries, 1u);
}

TEST_F(StatementCacheTest, KeepsContextsApart) {
  Insert("SELECT 1", "one");
  EXPECT_EQ(Find("SELECT 1", kOther), std::nullopt);
  Insert("SELECT 1", "two", false, kOther);
  EXPECT_EQ(Find("SELECT 1", kOther), "two");
  EXPECT_EQ(Find("SELECT 1"), "one");
}

TEST_F(StatementCacheTest, ReplacesAValue) {
  Insert("SELECT 1", "one");
  Insert("SELECT 2", "new");
  EXPECT_EQ(Find("SELECT 1"), "new");
  EXPECT_EQ(cache_->stats().entries, 1u);
}

// What a collision of hashes would do.
TEST_F(StatementCacheTest, ComparesTheTextWhenHashesAreEqual) {
  const std::string_view read = "SELECT a FROM t WHERE id = 1";
  const std::string_view write = "DELETE   FROM t WHERE id = 1";
  Fingerprint of_read = Make(read);
  const Fingerprint of_write = Make(write);
  of_read.hash = of_write.hash;
  cache_->Insert(read, of_read, kContext,
                 std::make_shared<const std::string>("read"), false, 0);
  EXPECT_EQ(cache_->Find(write, of_write, kContext), nullptr);
  cache_->Insert(write, of_write, kContext,
                 std::make_shared<const std::string>("write"), false, 0);
  EXPECT_EQ(**cache_->Find(write, of_write, kContext), "write");
  EXPECT_EQ(**cache_->Find(read, of_read, kContext), "read");
}

TEST_F(StatementCacheTest, ByTextFindsTheVeryTextOnly) {
  Insert("SELECT nextval('a')", "a", /*by_text=*/true);
  EXPECT_EQ(Find("SELECT nextval('a')"), "a");
  EXPECT_EQ(Find("SELECT nextval('b')"), std::nullopt);
  Insert("SELECT nextval('b')", "b", /*by_text=*/true);
  EXPECT_EQ(Find("SELECT nextval('a')"), "a");
  EXPECT_EQ(Find("SELECT nextval('b')"), "b");
  EXPECT_EQ(Find("SELECT nextval('b')", kOther), std::nullopt);
  EXPECT_EQ(cache_->stats().insertions, 2u);
  EXPECT_EQ(cache_->stats().entries, 3u);  // with the shape's mark
}

TEST_F(StatementCacheTest, AMarkedShapeStaysByText) {
  Insert("SELECT f('bad')", "refused", /*by_text=*/true);
  Insert("SELECT f('good')", "good", /*by_text=*/false);
  EXPECT_EQ(Find("SELECT f('good')"), "good");
  EXPECT_EQ(Find("SELECT f('bad')"), "refused");
  EXPECT_EQ(Find("SELECT f('new')"), std::nullopt);
}

TEST_F(StatementCacheTest, AShapeThatTurnsOutToBeByTextForgetsItsValue) {
  Insert("SELECT f('a')", "shape");
  Insert("SELECT f('b')", "b", /*by_text=*/true);
  EXPECT_EQ(Find("SELECT f('b')"), "b");
  EXPECT_EQ(Find("SELECT f('a')"), std::nullopt);
}

TEST_F(StatementCacheTest, TextsWithoutFingerprintAreKnownAsAWhole) {
  const std::string_view text = "SELECT U&'d!0061' UESCAPE '!'";
  ASSERT_FALSE(Make(text).ok);
  EXPECT_EQ(Find(text), std::nullopt);
  Insert(text, "x");
  EXPECT_EQ(Find(text), "x");
  EXPECT_EQ(Find("SELECT U&'d?0061' UESCAPE '?'"), std::nullopt);
  EXPECT_EQ(cache_->stats().entries, 1u);
}

TEST_F(StatementCacheTest, NeverHoldsMoreEntriesThanAllowed) {
  Limit(10, 1 << 20);
  for (int i = 0; i < 100; ++i) Insert("SELECT a" + std::to_string(i), "x");
  EXPECT_EQ(cache_->stats().entries, 10u);
  EXPECT_EQ(cache_->stats().evictions, 90u);
}

TEST_F(StatementCacheTest, KeepsWhatIsUsedWhenOneTimeTextsStreamBy) {
  Limit(10, 1 << 20);
  Insert("SELECT used", "used");
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(Find("SELECT used"), "used") << i;
    Insert("SELECT a" + std::to_string(i), "x");
  }
}

TEST_F(StatementCacheTest, NeverHoldsMoreBytesThanAllowed) {
  Limit(1000, 100'000);
  for (int i = 0; i < 100; ++i) {
    Insert("SELECT a" + std::to_string(i), "x", i % 3 == 0, kContext, 5'000);
    ASSERT_LE(cache_->stats().bytes, 100'000u);
  }
  EXPECT_GE(cache_->stats().entries, 10u);
  EXPECT_GT(cache_->stats().evictions, 0u);
}

TEST_F(StatementCacheTest, RefusesWhatWouldFillAnEighthOfIt) {
  Limit(1000, 100'000);
  Insert("SELECT small", "small");
  Insert("SELECT large", "large", false, kContext, 20'000);
  Insert("SELECT '" + std::string(20'000, 'x') + "'", "text", true);
  EXPECT_EQ(Find("SELECT large"), std::nullopt);
  EXPECT_EQ(Find("SELECT small"), "small");
  EXPECT_EQ(cache_->stats().refused, 2u);
}

TEST_F(StatementCacheTest, DoesNotKeepTheValuesOfLiteralsInItsKeys) {
  Insert("SELECT '" + std::string(5'000, 'x') + "'", "short");
  EXPECT_LT(cache_->stats().bytes, 1'000u);
  EXPECT_EQ(Find("SELECT 'y'"), "short");
}

TEST_F(StatementCacheTest, AValueOutlivesItsEviction) {
  Limit(1, 1 << 20);
  Insert("SELECT a", "a");
  const Cache::ValuePtr held =
      *cache_->Find("SELECT a", Make("SELECT a"), kContext);
  Insert("SELECT b", "b");
  Insert("SELECT c", "c");
  EXPECT_EQ(Find("SELECT a"), std::nullopt);
  EXPECT_EQ(*held, "a");
}

TEST_F(StatementCacheTest, ClearForgetsAll) {
  Insert("SELECT 1", "one");
  Insert("SELECT f('a')", "a", true);
  cache_->Clear();
  EXPECT_EQ(Find("SELECT 1"), std::nullopt);
  EXPECT_EQ(Find("SELECT f('a')"), std::nullopt);
  EXPECT_EQ(cache_->stats().entries, 0u);
  EXPECT_EQ(cache_->stats().bytes, 0u);
  Insert("SELECT 1", "again");
  EXPECT_EQ(Find("SELECT 1"), "again");
}

}  // namespace
}  // namespace pgbraid::sql
