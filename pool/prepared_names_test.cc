#include "pool/prepared_names.h"

#include <gtest/gtest.h>

#include <optional>

namespace pgbraid::pool {
namespace {

TEST(PreparedNamesTest, EvictsTheLeastRecentlyUsed) {
  PreparedNames names;
  for (uint64_t id : {1, 2, 3}) names.Add(id);
  EXPECT_TRUE(names.Use(1));
  EXPECT_EQ(names.Evict(3), std::nullopt);
  EXPECT_EQ(names.Evict(2), 2u);
  EXPECT_EQ(names.Evict(1), 3u);
  EXPECT_EQ(names.Evict(1), std::nullopt);
  EXPECT_FALSE(names.Use(2));
  EXPECT_TRUE(names.Use(1));
}

TEST(PreparedNamesTest, AddingTwiceCountsOnceAndMakesItTheNewest) {
  PreparedNames names;
  names.Add(1);
  names.Add(2);
  names.Add(1);
  EXPECT_EQ(names.size(), 2u);
  EXPECT_EQ(names.Evict(1), 2u);
}

TEST(PreparedNamesTest, RemovedAndClearedOnesAreUnknown) {
  PreparedNames names;
  names.Add(1);
  names.Add(2);
  names.Remove(1);
  names.Remove(7);
  EXPECT_FALSE(names.Use(1));
  EXPECT_EQ(names.size(), 1u);
  names.Clear();
  EXPECT_FALSE(names.Use(2));
  EXPECT_EQ(names.Evict(0), std::nullopt);
}

TEST(PreparedNamesTest, ShapesLastUntilAStatementIsPreparedAgain) {
  PreparedNames names;
  names.SetShape(1, 5);
  EXPECT_EQ(names.Shape(1), 0u);
  names.Add(1);
  EXPECT_EQ(names.Shape(1), 0u);
  names.SetShape(1, 5);
  EXPECT_EQ(names.Shape(1), 5u);
  names.Add(1);
  EXPECT_EQ(names.Shape(1), 0u);
}

}  // namespace
}  // namespace pgbraid::pool
