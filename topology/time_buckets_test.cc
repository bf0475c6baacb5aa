#include "topology/time_buckets.h"

#include <gtest/gtest.h>

#include <string_view>

#include "topology/key_parse.h"

namespace pgbraid::topology {
namespace {

using Unit = TimeInterval::Unit;

int64_t BucketOf(TimeInterval interval, KeyType type, std::string_view text) {
  ParsedKey parsed = FromTextParameter({.type = type}, 0, text, {.utc = true});
  EXPECT_TRUE(parsed.has_value()) << text;
  return TimeBucketOf(interval, type, parsed.value.as_int());
}

int64_t DateBucket(TimeInterval interval, std::string_view text) {
  return BucketOf(interval, KeyType::kDate, text);
}

TEST(TimeBucketsTest, MonthsAreCountedFromJanuary2000) {
  TimeInterval month{1, Unit::kMonth};
  EXPECT_EQ(DateBucket(month, "2000-01-01"), 0);
  EXPECT_EQ(DateBucket(month, "2000-01-31"), 0);
  EXPECT_EQ(DateBucket(month, "2000-02-01"), 1);
  EXPECT_EQ(DateBucket(month, "2024-02-29"), 24 * 12 + 1);
  EXPECT_EQ(DateBucket(month, "1999-12-31"), -1);
  EXPECT_EQ(DateBucket({3, Unit::kMonth}, "1999-12-31"), -1);
  EXPECT_EQ(DateBucket({3, Unit::kMonth}, "1999-09-30"), -2);
}

TEST(TimeBucketsTest, YearsAreCountedFrom2000) {
  EXPECT_EQ(DateBucket({1, Unit::kYear}, "2024-12-31"), 24);
  EXPECT_EQ(DateBucket({1, Unit::kYear}, "1999-01-01"), -1);
  EXPECT_EQ(DateBucket({10, Unit::kYear}, "1989-12-31"), -2);
}

TEST(TimeBucketsTest, WeeksBeginOnMondayTheThird) {
  TimeInterval week{1, Unit::kWeek};
  EXPECT_EQ(DateBucket(week, "2000-01-03"), 0);
  EXPECT_EQ(DateBucket(week, "2000-01-09"), 0);
  EXPECT_EQ(DateBucket(week, "2000-01-10"), 1);
  EXPECT_EQ(DateBucket(week, "2000-01-02"), -1);
  EXPECT_EQ(DateBucket({2, Unit::kWeek}, "2000-01-17"), 1);
}

TEST(TimeBucketsTest, DaysAreCountedFromTheFirst) {
  EXPECT_EQ(DateBucket({1, Unit::kDay}, "2000-01-02"), 1);
  EXPECT_EQ(DateBucket({7, Unit::kDay}, "1999-12-31"), -1);
}

TEST(TimeBucketsTest, TimestampsLieInTheirDaysBucket) {
  TimeInterval month{1, Unit::kMonth};
  for (KeyType type : {KeyType::kTimestamp, KeyType::kTimestamptz}) {
    EXPECT_EQ(BucketOf(month, type, "2000-01-31 23:59:59.999999"), 0);
    EXPECT_EQ(BucketOf(month, type, "2000-02-01 00:00:00"), 1);
    EXPECT_EQ(BucketOf(month, type, "1999-12-31 23:59:59.999999"), -1);
  }
  // 2000-01-31 23:30 UTC
  EXPECT_EQ(BucketOf(month, KeyType::kTimestamptz, "2000-02-01 01:30:00+02"),
            0);
}

}  // namespace
}  // namespace pgbraid::topology
