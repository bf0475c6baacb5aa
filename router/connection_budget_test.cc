#include "router/connection_budget.h"

#include <gtest/gtest.h>

namespace pgbraid::router {
namespace {

TEST(ConnectionBudgetTest, GivesOutItsLimitAndTakesBack) {
  ConnectionBudget budget(2);
  ConnectionBudget::Place one = budget.TryTake();
  ConnectionBudget::Place two = budget.TryTake();
  EXPECT_TRUE(one);
  EXPECT_TRUE(two);
  EXPECT_FALSE(budget.TryTake());
  EXPECT_EQ(budget.taken(), 2);
  { ConnectionBudget::Place moved = std::move(one); }
  EXPECT_EQ(budget.taken(), 1);
  one = budget.TryTake();
  EXPECT_TRUE(one);
  EXPECT_FALSE(budget.TryTake());
}

TEST(ConnectionBudgetTest, ZeroAllowsNone) {
  ConnectionBudget budget(0);
  EXPECT_FALSE(budget.TryTake());
  EXPECT_EQ(budget.taken(), 0);
}

}  // namespace
}  // namespace pgbraid::router
