#include "topology/int_range.h"

#include <gtest/gtest.h>

namespace pgbraid::topology {
namespace {

KeyBound Bound(int64_t value, bool inclusive) {
  return {KeyValue::Int(value), inclusive};
}

TEST(IntRangeTest, OpenEndsBecomeClosedOnes) {
  KeyBound lower = Bound(4, false);
  KeyBound upper = Bound(9, false);
  IntRange range = IntRange::Between(&lower, &upper);
  EXPECT_EQ(range.first, 5);
  EXPECT_EQ(range.last, 8);
  EXPECT_FALSE(range.empty);
}

TEST(IntRangeTest, NothingLiesBetweenNeighbours) {
  KeyBound lower = Bound(4, false);
  KeyBound upper = Bound(5, false);
  EXPECT_TRUE(IntRange::Between(&lower, &upper).empty);
  KeyBound same = Bound(4, true);
  EXPECT_FALSE(IntRange::Between(&same, &same).empty);
}

TEST(IntRangeTest, ExtremesDoNotOverflow) {
  KeyBound above = Bound(INT64_MAX, false);
  EXPECT_TRUE(IntRange::Between(&above, nullptr).empty);
  KeyBound below = Bound(INT64_MIN, false);
  EXPECT_TRUE(IntRange::Between(nullptr, &below).empty);
  EXPECT_FALSE(IntRange::Between(nullptr, nullptr).empty);
}

}  // namespace
}  // namespace pgbraid::topology
