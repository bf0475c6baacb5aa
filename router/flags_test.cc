#include "router/flags.h"

#include <gtest/gtest.h>

#include <vector>

namespace pgbraid::router {
namespace {

using std::chrono::milliseconds;

TEST(FlagsTest, ADurationIsANumberWithAUnit) {
  EXPECT_EQ(ParseDuration("f", "200ms").value(), milliseconds(200));
  EXPECT_EQ(ParseDuration("f", "1.5s").value(), milliseconds(1500));
  EXPECT_EQ(ParseDuration("f", "2min").value(), milliseconds(120000));
  EXPECT_EQ(ParseDuration("f", "1h").value(), std::chrono::hours(1));
  EXPECT_EQ(ParseDuration("f", "250us").value(),
            std::chrono::microseconds(250));
  EXPECT_EQ(ParseDuration("f", "0").value(), Duration(0));
}

TEST(FlagsTest, WhatIsNoDurationIsRefusedByName) {
  for (std::string_view text :
       {"", "s", "1", "1 s", "-1s", "nan", "nans", "-nanms", "inf", "infs",
        "infinitymin", "1e300h", "1d", "1ss", "0x10s"}) {
    auto parsed = ParseDuration("checkout_timeout", text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(SqlStateOf(parsed.status()), "22023") << text;
    EXPECT_NE(MessageOf(parsed.status()).find("checkout_timeout"),
              std::string::npos)
        << text;
  }
}

TEST(FlagsTest, ASizeIsANumberWithAUnit) {
  EXPECT_EQ(ParseSize("f", "512kB").value(), 512u * 1024);
  EXPECT_EQ(ParseSize("f", "1GB").value(), 1u << 30);
  for (std::string_view text : {"", "kB", "-1MB", "1mb", "2GB", "nan"}) {
    EXPECT_FALSE(ParseSize("f", text).ok()) << text;
  }
}

// The whole command line, as main() reads it. gflags remembers: what a case
// changes it sets back.
Status Read(std::vector<std::string> flags) {
  flags.insert(flags.begin(),
               {"pgbraid", "--shards=s0=127.0.0.1:5432/app", "--database=app"});
  std::vector<char*> arguments;
  for (std::string& flag : flags) arguments.push_back(flag.data());
  return ReadFlags(static_cast<int>(arguments.size()), arguments.data())
      .status();
}

TEST(FlagsTest, AWaitOfNoTimeIsRefused) {
  for (std::string name : {"--connect_timeout=", "--checkout_timeout="}) {
    for (std::string_view value : {"0", "0s", "10us", "nans", "infs"}) {
      Status status = Read({name + std::string(value)});
      EXPECT_EQ(SqlStateOf(status), "22023") << name << value;
      EXPECT_NE(MessageOf(status).find(name.substr(2, 8)), std::string::npos);
    }
    EXPECT_TRUE(Read({name + "2s"}).ok());
  }
}

}  // namespace
}  // namespace pgbraid::router
