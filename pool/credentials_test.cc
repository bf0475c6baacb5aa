#include "pool/credentials.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace pgbraid::pool {
namespace {

wire::UserList List(std::string_view text) {
  return wire::UserList::Parse(text).value();
}

TEST(CredentialsTest, TheClientsNameIsUsedWhereNoServerUserIsGiven) {
  Credentials credentials("", List("\"ann\" \"for the server\"\n"),
                          List("\"ann\" \"of the client\"\n\"bob\" \"b\"\n"));
  EXPECT_EQ(credentials.For("ann").user, "ann");
  EXPECT_EQ(credentials.For("ann").password, "for the server");
  EXPECT_EQ(credentials.For("bob").password, "b");
  EXPECT_EQ(credentials.For("eve").user, "eve");
  EXPECT_EQ(credentials.For("eve").password, "");
}

TEST(CredentialsTest, TheServerUserIsUsedForEveryClient) {
  Credentials credentials("app", List("\"app\" \"secret\"\n"),
                          List("\"ann\" \"a\"\n"));
  EXPECT_EQ(credentials.For("ann").user, "app");
  EXPECT_EQ(credentials.For("ann").password, "secret");
}

TEST(CredentialsTest, AnMd5SecretIsGoodForServersThatAskForMd5) {
  const std::string secret = "md5" + std::string(32, 'a');
  Credentials credentials("", List("\"ann\" \"" + secret + "\"\n"), {});
  EXPECT_EQ(credentials.For("ann").password, secret);
}

}  // namespace
}  // namespace pgbraid::pool
