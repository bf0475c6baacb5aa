#include "topology/shards_parser.h"

#include <gtest/gtest.h>

namespace pgbraid::topology {
namespace {

std::vector<Shard> Shards(std::string_view text) {
  ParsedShards parsed = ParseShards(text);
  EXPECT_EQ(parsed.errors, std::vector<std::string>{}) << text;
  return parsed.shards;
}

std::string ErrorsOf(std::string_view text) {
  std::string joined;
  for (const std::string& error : ParseShards(text).errors) {
    joined += (joined.empty() ? "" : "\n") + error;
  }
  return joined;
}

TEST(ShardsParserTest, ReadsShardsWithTheirHosts) {
  std::vector<Shard> shards = Shards(
      "s0=10.0.0.1:5432/app,10.0.0.2:5433/app;\n  eu-1 = db.example.com:6000");
  ASSERT_EQ(shards.size(), 2u);
  EXPECT_EQ(shards[0].name, "s0");
  EXPECT_EQ(shards[0].database, "app");
  EXPECT_EQ(shards[0].hosts,
            (std::vector<HostAddress>{{"10.0.0.1", 5432}, {"10.0.0.2", 5433}}));
  EXPECT_EQ(shards[1].name, "eu-1");
  EXPECT_EQ(shards[1].database, "");
  EXPECT_EQ(shards[1].hosts,
            (std::vector<HostAddress>{{"db.example.com", 6000}}));
}

TEST(ShardsParserTest, ReadsIpv6AndUnixSockets) {
  std::vector<Shard> shards = Shards(
      "a=[::1]:5432/app,/run/postgresql:5433/app; b=[fe80::1%eth0]/\"my, db\"");
  EXPECT_EQ(shards[0].hosts, (std::vector<HostAddress>{
                                 {"::1", 5432}, {"/run/postgresql", 5433}}));
  EXPECT_EQ(shards[1].hosts,
            (std::vector<HostAddress>{{"fe80::1%eth0", 5432}}));
  EXPECT_EQ(shards[1].database, "my, db");
}

TEST(ShardsParserTest, APortThatIsLeftOutIsPostgres) {
  EXPECT_EQ(Shards("a=localhost;")[0].hosts,
            (std::vector<HostAddress>{{"localhost", 5432}}));
}

TEST(ShardsParserTest, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(ErrorsOf(""),
            "--shards: character 1 (the end): expected a shard: "
            "name=host:port/database");
  EXPECT_EQ(ErrorsOf("s0 h:1"),
            "--shards: character 4 (h:1): expected '=' after the shard's name");
  EXPECT_EQ(ErrorsOf("s0=h:70000/app"),
            "--shards: character 6 (70000/app): expected a port from 1 to "
            "65535");
  EXPECT_EQ(ErrorsOf("s0=[::1"),
            "--shards: character 4 ([::1): expected an IPv6 address and ']'");
  EXPECT_EQ(ErrorsOf("s0=/run/pg"),
            "--shards: character 11 (the end): expected ':' and a port after "
            "the socket's folder");
  EXPECT_EQ(ErrorsOf("s0=h:1/"),
            "--shards: character 8 (the end): expected a database's name");
  EXPECT_EQ(ErrorsOf("s0=h:1 x"),
            "--shards: character 8 (x): expected ',' and a host, or ';' and a "
            "shard");
}

TEST(ShardsParserTest, AllErrorsAreReportedAtOnce) {
  EXPECT_EQ(ErrorsOf("s0=a:0,b:x; s1=,c:1; =d"),
            "--shards: character 6 (0): expected a port from 1 to 65535\n"
            "--shards: character 10 (x): expected a port from 1 to 65535\n"
            "--shards: character 16 (,): expected a host: name:port/database, "
            "[IPv6]:port/database or /folder:port/database\n"
            "--shards: character 22 (=): expected a shard: "
            "name=host:port/database");
}

TEST(ShardsParserTest, AShardsHostsNameOneDatabase) {
  EXPECT_EQ(ErrorsOf("s0=a:1/app,b:1/other"),
            "--shards: character 12 (b:1/other): expected the same database "
            "as the shard's first host, app");
  EXPECT_EQ(ErrorsOf("s0=a:1,b:1/app"),
            "--shards: character 8 (b:1/app): expected the same database as "
            "the shard's first host, which names none");
}

TEST(ShardsParserTest, DuplicatesAreNamed) {
  EXPECT_EQ(ErrorsOf("s0=a:1; s0=b:1"),
            "--shards: character 9 (s0): two shards have this name");
  EXPECT_EQ(ErrorsOf("s0=a:1,a:1"),
            "--shards: character 8 (a:1): this host stands in the shard "
            "twice");
  EXPECT_EQ(ErrorsOf("s0=a:1/x; s1=a:1/x"),
            "--shards: character 14 (a:1/x): shard s0 has this host and "
            "database already");
}

TEST(ShardsParserTest, OneServerMayHoldSeveralShardsInItsDatabases) {
  EXPECT_EQ(Shards("s0=a:1/x; s1=a:1/y").size(), 2u);
}

TEST(ShardsParserTest, AtMost256Shards) {
  std::string text;
  for (int i = 0; i < 256; ++i) {
    text += "s" + std::to_string(i) + "=h" + std::to_string(i) + ";";
  }
  EXPECT_EQ(Shards(text).size(), 256u);
  EXPECT_NE(ErrorsOf(text + "x=y").find("expected at most 256 shards"),
            std::string::npos);
}

}  // namespace
}  // namespace pgbraid::topology
