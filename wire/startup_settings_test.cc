#include "wire/startup_settings.h"

#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

using Words = std::vector<std::string>;
using Settings = std::vector<Setting>;

TEST(SplitOptionsTest, SplitsAtWhiteSpaceUnlessEscaped) {
  EXPECT_EQ(SplitOptions(""), Words());
  EXPECT_EQ(SplitOptions(" \t\n"), Words());
  EXPECT_EQ(SplitOptions("-c a=b"), Words({"-c", "a=b"}));
  EXPECT_EQ(SplitOptions("  -c\ta=b  "), Words({"-c", "a=b"}));
  EXPECT_EQ(SplitOptions("a\\ b c"), Words({"a b", "c"}));
  EXPECT_EQ(SplitOptions("a\\\\b"), Words({"a\\b"}));
  EXPECT_EQ(SplitOptions("\\-c"), Words({"-c"}));
  EXPECT_EQ(SplitOptions("a\\"), Words({"a"}));
}

TEST(ParseOptionsTest, ReadsTheThreeWaysToWriteASetting) {
  EXPECT_EQ(ParseOptions("-c a=1 -cb=2 --c-d=3").value(),
            Settings({{"a", "1"}, {"b", "2"}, {"c_d", "3"}}));
  EXPECT_EQ(ParseOptions("-c search_path=a,\\ b -c x=").value(),
            Settings({{"search_path", "a, b"}, {"x", ""}}));
  EXPECT_EQ(ParseOptions("-c x=a=b").value(), Settings({{"x", "a=b"}}));
}

TEST(ParseOptionsTest, KeepsTheLastValueOfANameAtItsFirstPlace) {
  EXPECT_EQ(ParseOptions("-c DateStyle=ISO -c b=1 -c datestyle=SQL").value(),
            Settings({{"datestyle", "SQL"}, {"b", "1"}}));
}

TEST(ParseOptionsTest, RefusesWhatPostgresWouldRefuse) {
  ExpectError(ParseOptions("--a").status(), sqlstate::kSyntaxError,
              "--a requires a value");
  ExpectError(ParseOptions("-c a").status(), sqlstate::kSyntaxError,
              "-c a requires a value");
  ExpectError(ParseOptions("-c =1").status(), sqlstate::kSyntaxError,
              "-c =1 requires a value");
  ExpectError(ParseOptions("-c").status(), sqlstate::kSyntaxError,
              "invalid command-line argument for server process: -c");
  ExpectError(ParseOptions("a=b").status(), sqlstate::kSyntaxError,
              "invalid command-line argument for server process: a=b");
  ExpectError(ParseOptions("--").status(), sqlstate::kSyntaxError,
              "invalid command-line argument for server process: --");
  ExpectError(ParseOptions("-e").status(), sqlstate::kFeatureNotSupported,
              "switch -e in options is not supported");
}

TEST(StartupSettingsTest, AppliesOptionsFirstAndParametersAfter) {
  StartupPacket packet;
  ASSERT_TRUE(
      ParseStartup(Raw("\0\3\0\0user\0ann\0database\0app\0replication\0false\0"
                       "options\0-c a=1 -c b=2\0B\0three\0"
                       "application_name\0psql\0\0"),
                   &packet)
          .ok());
  EXPECT_EQ(
      StartupSettings(packet).value(),
      Settings({{"a", "1"}, {"b", "three"}, {"application_name", "psql"}}));
}

TEST(StartupSettingsTest, ReportsBadOptions) {
  StartupPacket packet;
  ASSERT_TRUE(
      ParseStartup(Raw("\0\3\0\0user\0ann\0options\0-c\0\0"), &packet).ok());
  EXPECT_FALSE(StartupSettings(packet).ok());
}

}  // namespace
}  // namespace pgbraid::wire
