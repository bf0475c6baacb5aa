#include "wire/md5.h"

#include "gtest/gtest.h"

namespace pgbraid::wire {
namespace {

// What PostgreSQL 15 stored for: create role emdee password 'pencil'.
constexpr std::string_view kSecret = "md508b8e14ea99a48f3f31f037d85ccac38";

TEST(Md5Test, MakesTheSecretThatPostgresStores) {
  EXPECT_EQ(Md5Secret("emdee", "pencil"), kSecret);
}

TEST(Md5Test, AnswersTheSameFromPasswordAndSecret) {
  const std::string answer = Md5Answer("emdee", "pencil", "\x01\x02\x03\x04");
  EXPECT_EQ(Md5AnswerFromSecret(kSecret, "\x01\x02\x03\x04"), answer);
  EXPECT_TRUE(IsMd5Secret(answer));
  EXPECT_NE(Md5Answer("emdee", "pencil", "\x01\x02\x03\x05"), answer);
  EXPECT_NE(Md5Answer("emdee", "pencils", "\x01\x02\x03\x04"), answer);
}

TEST(Md5Test, KnowsASecretByItsForm) {
  EXPECT_TRUE(IsMd5Secret(kSecret));
  EXPECT_FALSE(IsMd5Secret(kSecret.substr(0, 34)));
  EXPECT_FALSE(IsMd5Secret(std::string(kSecret) + "0"));
  EXPECT_FALSE(IsMd5Secret("md508b8e14ea99a48f3f31f037d85ccac3X"));
  EXPECT_FALSE(IsMd5Secret("md5"));
  EXPECT_FALSE(IsMd5Secret(""));
}

}  // namespace
}  // namespace pgbraid::wire
