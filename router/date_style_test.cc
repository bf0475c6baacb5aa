#include "router/date_style.h"

#include "gtest/gtest.h"

namespace pgbraid::router {
namespace {

TEST(DateStyleTest, KeepsTheHalfThatIsNotNamed) {
  EXPECT_EQ(MergeDateStyle("ISO, MDY", "ymd"), "ISO, YMD");
  EXPECT_EQ(MergeDateStyle("Postgres, DMY", "ISO"), "ISO, DMY");
  EXPECT_EQ(MergeDateStyle("SQL, DMY", "US"), "SQL, MDY");
}

TEST(DateStyleTest, TakesBothHalvesInAnyOrder) {
  EXPECT_EQ(MergeDateStyle("ISO, MDY", "european, sql"), "SQL, DMY");
  EXPECT_EQ(MergeDateStyle("", "Postgres, MDY"), "Postgres, MDY");
}

TEST(DateStyleTest, GermanMeansDayFirstUnlessItSaysOtherwise) {
  EXPECT_EQ(MergeDateStyle("ISO, YMD", "german"), "German, DMY");
  EXPECT_EQ(MergeDateStyle("ISO, DMY", "german, ymd"), "German, YMD");
}

TEST(DateStyleTest, LeavesWhatItDoesNotKnow) {
  EXPECT_EQ(MergeDateStyle("ISO, MDY", "default"), "default");
  EXPECT_EQ(MergeDateStyle("", "ymd"), "ymd");
}

}  // namespace
}  // namespace pgbraid::router
