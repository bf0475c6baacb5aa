#include "router/recognizer.h"

#include <gtest/gtest.h>

#include "sql/testing_catalog.h"
#include "topology/shard_map.h"

namespace pgbraid::router {
namespace {

class RecognizerTest : public testing::Test {
 protected:
  RecognizerTest() {
    sql::TestingCatalog tables;
    tables.Table("items", "id int4, name text");
    auto snapshot = std::make_shared<RoutingSnapshot>();
    snapshot->epoch = 1;
    snapshot->map = std::make_shared<const topology::ShardMap>(
        *topology::ShardMap::Parse("s0=h:1/app; s1=h:2/app", ""));
    snapshot->catalogs = {tables.Build(), tables.Build()};
    snapshot_ = snapshot;
  }

  StatementContextRef Context(
      std::vector<std::pair<std::string, std::string>> reported = {},
      const pool::EnvironmentRef& environment = nullptr) {
    auto told = std::make_shared<pool::Parameters>();
    (*told)["standard_conforming_strings"] = "on";
    (*told)["client_encoding"] = "UTF8";
    for (auto& [name, value] : reported) (*told)[name] = value;
    kept_.push_back(told);
    return recognizer_.ContextFor(
        "app", "alice",
        environment == nullptr ? environments_.empty() : environment, told,
        snapshot_);
  }
  pool::EnvironmentRef With(std::string name, std::string value) {
    return environments_.With(environments_.empty(),
                              {name, value, "SET " + name + " TO " + value});
  }
  Recognized Of(std::string_view text, const StatementContextRef& context) {
    Recognized recognized;
    recognizer_.Recognize(text, context, &recognized);
    return recognized;
  }

  RouterOptions options_;
  Recognizer recognizer_{&options_, 7};
  pool::EnvironmentTable environments_;
  RoutingSnapshotRef snapshot_;
  std::vector<pool::ParametersRef> kept_;
};

TEST_F(RecognizerTest, TextsOfOneShapeAreAnalysedOnce) {
  StatementContextRef context = Context();
  Recognized one = Of("SELECT name FROM items WHERE id = 1", context);
  Recognized two = Of("SELECT name FROM items WHERE id = 22", context);
  EXPECT_EQ(one.query, two.query);
  EXPECT_EQ(one.fingerprint.hash, two.fingerprint.hash);
  EXPECT_EQ(recognizer_.stats().hits, 1u);
  EXPECT_EQ(recognizer_.stats().misses, 1u);
  EXPECT_EQ(one.query->single()->kind, sql::Kind::kSelect);
  Recognized other = Of("DELETE FROM items WHERE id = 1", context);
  EXPECT_NE(one.query, other.query);
}

TEST_F(RecognizerTest, WhatATextMeansDependsOnTheSession) {
  StatementContextRef plain = Context();
  StatementContextRef path = Context({}, With("search_path", "nowhere"));
  StatementContextRef role = Context({}, With("role", "bob"));
  EXPECT_EQ(plain->input.role, "alice");
  EXPECT_EQ(role->input.role, "bob");
  EXPECT_EQ(path->input.search_path, std::vector<std::string>{"nowhere"});
  constexpr std::string_view kText = "SELECT name FROM items";
  Recognized known = Of(kText, plain);
  EXPECT_NE(Of(kText, path).query, known.query);
  EXPECT_NE(Of(kText, role).query, known.query);
  EXPECT_EQ(Of(kText, plain).query, known.query);
  EXPECT_NE(known.query->single()->relations[0].oid, 0u);
  EXPECT_EQ(Of(kText, path).query->single()->relations[0].oid, 0u);
}

TEST_F(RecognizerTest, HowATextIsReadComesFromWhatServersReport) {
  StatementContextRef off = Context({{"standard_conforming_strings", "off"}});
  StatementContextRef sjis = Context({{"client_encoding", "SJIS"}});
  StatementContextRef utc = Context({{"TimeZone", "UTC"}});
  EXPECT_FALSE(off->modes.standard_conforming_strings);
  EXPECT_TRUE(off->modes.ascii_safe_encoding);
  EXPECT_FALSE(sjis->modes.ascii_safe_encoding);
  EXPECT_FALSE(sjis->utf8_client);
  EXPECT_TRUE(utc->keys.utc);
  EXPECT_FALSE(Context({{"TimeZone", "Asia/Tokyo"}})->keys.utc);
  // The same bytes are one string here, and two there.
  constexpr std::string_view kText = "SELECT 'a\\', ' FROM items -- '";
  EXPECT_NE(Of(kText, Context()).query, Of(kText, off).query);
}

TEST_F(RecognizerTest, SessionsThatAreAlikeShareAContext) {
  auto told = std::make_shared<const pool::Parameters>();
  auto of = [&](const std::string& user) {
    return recognizer_.ContextFor("app", user, environments_.empty(), told,
                                  snapshot_);
  };
  StatementContextRef one = of("alice");
  EXPECT_EQ(of("alice"), one);
  EXPECT_NE(of("bob"), one);
}

TEST_F(RecognizerTest, NewCatalogsMakeWhatIsKnownWorthless) {
  constexpr std::string_view kText = "SELECT name FROM items";
  Recognized before = Of(kText, Context());
  auto newer = std::make_shared<RoutingSnapshot>(*snapshot_);
  newer->epoch = 2;
  snapshot_ = newer;
  EXPECT_NE(Of(kText, Context()).query, before.query);
}

TEST_F(RecognizerTest, HintsAreCommentsUnlessTheyAreAllowed) {
  constexpr std::string_view kFirst = "/* pgbraid: shard=s0 */ SELECT 1";
  constexpr std::string_view kSecond = "/* pgbraid: shard=s1 */ SELECT 1";
  constexpr std::string_view kWrong = "/* pgbraid: shrad=s1 */ SELECT 1";
  StatementContextRef context = Context();
  EXPECT_FALSE(Of(kFirst, context).query->hint().shard);
  EXPECT_TRUE(Of(kWrong, context).error.ok());
  options_.allow_hints = true;
  context = Context();
  EXPECT_EQ(Of(kFirst, context).query->hint().shard, "s0");
  EXPECT_EQ(Of(kSecond, context).query->hint().shard, "s1");
  EXPECT_EQ(Of(kFirst, context).query->hint().shard, "s0");
  Recognized wrong = Of(kWrong, context);
  EXPECT_EQ(wrong.query, nullptr);
  EXPECT_FALSE(wrong.error.ok());
}

}  // namespace
}  // namespace pgbraid::router
