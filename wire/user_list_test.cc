#include "wire/user_list.h"

#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

TEST(UserListTest, ReadsEachKindOfSecret) {
  const StatusOr<UserList> list = UserList::Parse(
      "; users\n"
      "\n"
      "\"ann\" \"pencil\"\n"
      "  \"bob\"\t\"md508b8e14ea99a48f3f31f037d85ccac38\" ignored\r\n"
      "\"cyn\" \"SCRAM-SHA-256$4096:vCkRUzqvUra4SJ//H+QEbg==$aufv1lhY114Qh3vko"
      "EJ146Jk+5V0dLc1HG1Fn3xNHHw=:qyEI0+X9RJp4LES+vsjtBr+ACb6k1QneZtBNddkb1jM="
      "\"");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->size(), 3u);
  ASSERT_NE(list->Find("ann"), nullptr);
  EXPECT_EQ(list->Find("ann")->kind, UserSecret::Kind::kPlain);
  EXPECT_EQ(list->Find("ann")->text, "pencil");
  ASSERT_NE(list->Find("bob"), nullptr);
  EXPECT_EQ(list->Find("bob")->kind, UserSecret::Kind::kMd5);
  ASSERT_NE(list->Find("cyn"), nullptr);
  EXPECT_EQ(list->Find("cyn")->kind, UserSecret::Kind::kScram);
  EXPECT_TRUE(VerifyPassword(list->Find("cyn")->scram, "pencil"));
  EXPECT_EQ(list->Find("dan"), nullptr);
  EXPECT_EQ(list->Find(""), nullptr);
}

TEST(UserListTest, TakesDoubledQuotesAsOne) {
  const StatusOr<UserList> list =
      UserList::Parse("\"a\"\"b\" \"\"\"x;\"\"\"\n\"e\" \"\"\n");
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_NE(list->Find("a\"b"), nullptr);
  EXPECT_EQ(list->Find("a\"b")->text, "\"x;\"");
  ASSERT_NE(list->Find("e"), nullptr);
  EXPECT_EQ(list->Find("e")->text, "");
}

TEST(UserListTest, LetsTheLastLineOfAUserHold) {
  const StatusOr<UserList> list =
      UserList::Parse("\"ann\" \"old\"\n\"ann\" \"new\"\n");
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->size(), 1u);
  EXPECT_EQ(list->Find("ann")->text, "new");
}

TEST(UserListTest, NamesTheLineAndWhatWasExpected) {
  const std::pair<std::string_view, std::string_view> kCases[] = {
      {"\n\nann pencil\n",
       "line 3: expected a double quote before the user name"},
      {"\"ann\n", "line 1: expected a double quote after the user name"},
      {"\"ann\" pencil", "line 1: expected a double quote before the password"},
      {"\"ann\"", "line 1: expected a double quote before the password"},
      {"; x\n\"ann\" \"pencil",
       "line 2: expected a double quote after the password"},
      {"\"\" \"x\"",
       "line 1: expected a user name between the first two quotes"},
      {"\"ann\" \"SCRAM-SHA-256$4096:x\"",
       "line 1: expected SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:"
       "<ServerKey> as SCRAM secret"},
      {Raw("\"ann\" \"a\0b\""),
       "line 1: expected no zero byte in a user name or password"},
  };
  for (const auto& [text, message] : kCases) {
    ExpectError(UserList::Parse(text).status(),
                sqlstate::kInvalidParameterValue, message);
  }
}

TEST(UserListTest, MayBeEmpty) {
  EXPECT_EQ(UserList::Parse("").value().size(), 0u);
  EXPECT_EQ(UserList::Parse("\n ; nobody\n\n").value().size(), 0u);
}

}  // namespace
}  // namespace pgbraid::wire
