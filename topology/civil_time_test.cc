#include "topology/civil_time.h"

#include <gtest/gtest.h>

namespace pgbraid::topology {
namespace {

TEST(CivilTimeTest, DaysAreCountedFrom2000) {
  EXPECT_EQ(DaysFromCivil({2000, 1, 1}), 0);
  EXPECT_EQ(DaysFromCivil({1999, 12, 31}), -1);
  EXPECT_EQ(DaysFromCivil({1970, 1, 1}), -10957);
  EXPECT_EQ(DaysFromCivil({2024, 2, 29}), 8825);
  EXPECT_EQ(DaysFromCivil({9999, 12, 31}), 2921939);
}

TEST(CivilTimeTest, EveryDayComesBackThroughNineThousandYears) {
  CivilDate date{-1000, 1, 1};
  int64_t first = DaysFromCivil(date);
  for (int64_t day = first; day < first + 9000 * 366; ++day) {
    ASSERT_EQ(CivilFromDays(day), date) << day;
    ASSERT_EQ(DaysFromCivil(date), day);
    if (++date.day > DaysInMonth(date.year, date.month)) {
      date.day = 1;
      if (++date.month > 12) {
        date.month = 1;
        ++date.year;
      }
    }
  }
}

TEST(CivilTimeTest, LeapYearsFollowTheGregorianRule) {
  EXPECT_EQ(DaysInMonth(2000, 2), 29);
  EXPECT_EQ(DaysInMonth(1900, 2), 28);
  EXPECT_EQ(DaysInMonth(2024, 2), 29);
  EXPECT_EQ(DaysInMonth(2023, 2), 28);
  EXPECT_EQ(DaysInMonth(0, 2), 29);
  EXPECT_EQ(DaysInMonth(2023, 4), 30);
}

TEST(CivilTimeTest, DivisionRoundsTowardsMinusInfinity) {
  EXPECT_EQ(FloorDiv(-1, 7), -1);
  EXPECT_EQ(FloorDiv(-7, 7), -1);
  EXPECT_EQ(FloorDiv(-8, 7), -2);
  EXPECT_EQ(FloorDiv(6, 7), 0);
  EXPECT_EQ(FloorMod(-1, 7), 6);
  EXPECT_EQ(FloorMod(-7, 7), 0);
}

}  // namespace
}  // namespace pgbraid::topology
