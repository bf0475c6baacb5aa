#include "pool/parameters.h"

#include <gtest/gtest.h>

namespace pgbraid::pool {
namespace {

TEST(ParametersTest, EqualSetsAreOneObject) {
  ParametersTable table;
  ParametersRef a = table.With(table.empty(), "TimeZone", "UTC");
  a = table.With(a, "DateStyle", "ISO");
  ParametersRef b = table.Intern({{"DateStyle", "ISO"}, {"TimeZone", "UTC"}});
  EXPECT_EQ(a, b);
  EXPECT_EQ(table.Intern({}), table.empty());
}

TEST(ParametersTest, ChangingAValueLeavesTheOldSetAsItWas) {
  ParametersTable table;
  ParametersRef a = table.With(table.empty(), "TimeZone", "UTC");
  ParametersRef b = table.With(a, "TimeZone", "CET");
  EXPECT_EQ(a->at("TimeZone"), "UTC");
  EXPECT_EQ(b->at("TimeZone"), "CET");
  EXPECT_EQ(table.With(b, "TimeZone", "CET"), b);
  EXPECT_EQ(table.With(b, "TimeZone", "UTC"), a);
}

TEST(ParametersTest, ASetThatNobodyHoldsCanBeMadeAgain) {
  ParametersTable table;
  table.Intern({{"TimeZone", "UTC"}});
  ParametersRef again = table.Intern({{"TimeZone", "UTC"}});
  EXPECT_EQ(again->at("TimeZone"), "UTC");
}

TEST(ParametersTest, OnlyHotStandbyIsTheHosts) {
  EXPECT_TRUE(IsHostParameter("in_hot_standby"));
  EXPECT_FALSE(IsHostParameter("TimeZone"));
  EXPECT_FALSE(IsHostParameter("default_transaction_read_only"));
}

}  // namespace
}  // namespace pgbraid::pool
