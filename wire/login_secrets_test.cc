#include "wire/login_secrets.h"

#include "gtest/gtest.h"

namespace pgbraid::wire {
namespace {

TEST(LoginSecretsTest, MakesOneForAPlainPasswordWithTheMocksSalt) {
  const UserList users = UserList::Parse("\"ann\" \"pencil\"").value();
  LoginSecrets secrets(&users, "key");
  const std::optional<ScramSecret> secret = secrets.Find("ann");
  ASSERT_TRUE(secret.has_value());
  EXPECT_TRUE(VerifyPassword(*secret, "pencil"));
  EXPECT_EQ(secret->salt, MockScramSecret("ann", "key").salt);
  EXPECT_EQ(secrets.Find("ann"), secret);
}

TEST(LoginSecretsTest, GivesStoredSecretsAsTheyAre) {
  const ScramSecret stored = MakeScramSecret("pencil", "some salt", 10);
  const UserList users =
      UserList::Parse("\"ann\" \"" + stored.ToString() + "\"").value();
  LoginSecrets secrets(&users, "key");
  EXPECT_EQ(secrets.Find("ann"), stored);
}

TEST(LoginSecretsTest, HasNothingForMd5AndForStrangers) {
  const UserList users =
      UserList::Parse("\"bob\" \"md508b8e14ea99a48f3f31f037d85ccac38\"")
          .value();
  LoginSecrets secrets(&users, "key");
  EXPECT_FALSE(secrets.Find("bob").has_value());
  EXPECT_FALSE(secrets.Find("ann").has_value());
}

}  // namespace
}  // namespace pgbraid::wire
