#include "net/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>

namespace pgbraid::net::internal {
namespace {

struct Member : ListNode {
  explicit Member(int n) : number(n) {}
  int number;
};

TEST(IntrusiveListTest, GivesMembersInTheOrderTheyJoined) {
  Member one(1);
  Member two(2);
  IntrusiveList<Member> list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.PopFront(), nullptr);
  list.PushBack(one);
  list.PushBack(two);
  EXPECT_TRUE(one.linked());
  EXPECT_EQ(list.PopFront(), &one);
  EXPECT_FALSE(one.linked());
  list.PushBack(one);
  EXPECT_EQ(list.PopFront(), &two);
  EXPECT_EQ(list.PopFront(), &one);
  EXPECT_TRUE(list.empty());
}

TEST(IntrusiveListTest, MembersLeaveFromAnywhere) {
  Member one(1);
  Member two(2);
  Member three(3);
  IntrusiveList<Member> list;
  for (Member* member : {&one, &two, &three}) list.PushBack(*member);
  two.Unlink();
  two.Unlink();
  EXPECT_EQ(list.PopFront(), &one);
  EXPECT_EQ(list.PopFront(), &three);
  EXPECT_TRUE(list.empty());
}

TEST(IntrusiveListTest, DestroyedMembersLeave) {
  IntrusiveList<Member> list;
  Member one(1);
  auto two = std::make_unique<Member>(2);
  list.PushBack(*two);
  list.PushBack(one);
  two.reset();
  EXPECT_EQ(list.PopFront(), &one);
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace pgbraid::net::internal
