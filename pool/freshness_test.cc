#include "pool/freshness.h"

#include <gtest/gtest.h>

namespace pgbraid::pool {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kSegment = 16 * 1024 * 1024;

TimePoint At(int64_t ms) { return TimePoint{} + milliseconds(ms); }

HostSample Primary(int64_t begun_ms, Lsn lsn, uint32_t timeline = 1) {
  HostSample sample;
  sample.begun = At(begun_ms);
  sample.timeline = timeline;
  sample.lsn = lsn;
  return sample;
}

HostSample Standby(Lsn lsn, uint32_t timeline = 1) {
  HostSample sample;
  sample.in_recovery = true;
  sample.timeline = timeline;
  sample.lsn = lsn;
  return sample;
}

TEST(ParseLsnTest, ReadsBothHalves) {
  EXPECT_EQ(ParseLsn("16/B374D848"), 0x16B374D848u);
  EXPECT_EQ(ParseLsn("0/0"), 0u);
  EXPECT_EQ(ParseLsn("FFFFFFFF/FFFFFFFF"), ~Lsn{0});
}

TEST(ParseLsnTest, RefusesWhatIsNoPosition) {
  for (std::string_view text : {"", "/", "1/", "/1", "16B374D848", "1/2/3",
                                "1 /2", "100000000/0", "0/-1", "0/1g"}) {
    EXPECT_EQ(ParseLsn(text), std::nullopt) << text;
  }
}

TEST(NormalizeLsnTest, StandsBeforeThePageHeaderThatAnInsertPositionSkipped) {
  EXPECT_EQ(NormalizeLsn(5 * 8192 + 24, kSegment), 5u * 8192);
  EXPECT_EQ(NormalizeLsn(3 * kSegment + 40, kSegment), 3 * kSegment);
}

TEST(NormalizeLsnTest, KeepsEveryOtherPosition) {
  for (Lsn lsn : {Lsn{5 * 8192}, Lsn{5 * 8192 + 32}, Lsn{5 * 8192 + 40},
                  Lsn{3 * kSegment}, Lsn{3 * kSegment + 48}}) {
    EXPECT_EQ(NormalizeLsn(lsn, kSegment), lsn);
  }
}

TEST(NormalizeLsnTest, OnlyMovesTheFloorUpWhenTheSegmentSizeIsNotKnown) {
  EXPECT_EQ(NormalizeLsn(3 * kSegment + 40, 0), 3 * kSegment + 40);
}

TEST(FreshnessFloorTest, AsksForNothingAtFirst) {
  FreshnessFloor floor;
  EXPECT_FALSE(floor.unresolved());
  EXPECT_TRUE(floor.MetBy(Standby(1), 1));
}

TEST(FreshnessFloorTest, IsNotResolvedByASampleBegunBeforeOrInTheSameRound) {
  FreshnessFloor floor;
  floor.SeenOnPrimary(At(10));
  EXPECT_FALSE(floor.Resolve(Primary(9, 100)));
  EXPECT_FALSE(floor.Resolve(Primary(10, 100)));
  EXPECT_TRUE(floor.unresolved());
  EXPECT_TRUE(floor.Resolve(Primary(11, 100)));
  EXPECT_EQ(floor.lsn, 100u);
}

TEST(FreshnessFloorTest, IsNotResolvedByAStandbyOrByWhatCouldNotBeRead) {
  FreshnessFloor floor;
  floor.SeenOnPrimary(At(10));
  HostSample standby = Standby(100);
  standby.begun = At(11);
  EXPECT_FALSE(floor.Resolve(standby));
  EXPECT_FALSE(floor.Resolve(Primary(11, 0)));
  EXPECT_FALSE(floor.Resolve(Primary(11, 100, 0)));
  EXPECT_TRUE(floor.unresolved());
}

TEST(FreshnessFloorTest, ALaterWriteMovesIt) {
  FreshnessFloor floor;
  floor.SeenOnPrimary(At(10));
  ASSERT_TRUE(floor.Resolve(Primary(11, 100)));
  floor.SeenOnPrimary(At(12));
  EXPECT_FALSE(floor.Resolve(Primary(12, 150)));
  ASSERT_TRUE(floor.Resolve(Primary(13, 200)));
  EXPECT_FALSE(floor.MetBy(Standby(199), 1));
  EXPECT_TRUE(floor.MetBy(Standby(200), 1));
}

TEST(FreshnessFloorTest, IsMetOnlyOnThePrimarysTimeline) {
  FreshnessFloor floor;
  floor.SeenOnPrimary(At(10));
  ASSERT_TRUE(floor.Resolve(Primary(11, 100, 2)));
  EXPECT_TRUE(floor.MetBy(Standby(100, 2), 2));
  EXPECT_FALSE(floor.MetBy(Standby(1000, 1), 2));
  EXPECT_FALSE(floor.MetBy(Standby(1000, 0), 2));
  // The primary has moved on; what was seen on the old one says nothing of it.
  EXPECT_FALSE(floor.MetBy(Standby(1000, 3), 3));
}

TEST(FreshnessFloorTest, AnUnknownTimelineDoesNotMatchAnUnknownOne) {
  EXPECT_FALSE(FreshnessFloor().MetBy(Standby(1000, 0), 0));
}

}  // namespace
}  // namespace pgbraid::pool
