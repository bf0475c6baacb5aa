#include "router/channel_interest.h"

#include <gtest/gtest.h>

namespace pgbraid::router {
namespace {

TEST(ChannelInterestTest, TellsTheFirstAndTheLast) {
  ChannelInterest<int> interest;
  EXPECT_TRUE(interest.Add("a", 1));
  EXPECT_FALSE(interest.Add("a", 2));
  EXPECT_TRUE(interest.Add("b", 1));
  EXPECT_FALSE(interest.Remove("a", 1));
  EXPECT_TRUE(interest.Remove("a", 2));
  EXPECT_EQ(interest.Find("a"), nullptr);
  EXPECT_TRUE(interest.Remove("b", 1));
  EXPECT_TRUE(interest.empty());
}

TEST(ChannelInterestTest, CountsHowOftenAMemberWantsAChannel) {
  ChannelInterest<int> interest;
  interest.Add("a", 1);
  EXPECT_FALSE(interest.Add("a", 1));
  EXPECT_FALSE(interest.Remove("a", 1));
  ASSERT_NE(interest.Find("a"), nullptr);
  EXPECT_TRUE(interest.Find("a")->contains(1));
  EXPECT_TRUE(interest.Remove("a", 1));
}

TEST(ChannelInterestTest, PassesOverWhatWasNotAdded) {
  ChannelInterest<int> interest;
  EXPECT_FALSE(interest.Remove("a", 1));
  interest.Add("a", 1);
  EXPECT_FALSE(interest.Remove("a", 2));
  EXPECT_FALSE(interest.Remove("b", 1));
  EXPECT_NE(interest.Find("a"), nullptr);
}

TEST(ChannelInterestTest, ListsEverybodyOnce) {
  ChannelInterest<int> interest;
  interest.Add("a", 1);
  interest.Add("b", 1);
  interest.Add("b", 2);
  EXPECT_EQ(interest.Everybody(), (std::set<int>{1, 2}));
  interest.Clear();
  EXPECT_TRUE(interest.Everybody().empty());
}

}  // namespace
}  // namespace pgbraid::router
