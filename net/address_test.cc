#include "net/address.h"

#include <gtest/gtest.h>

namespace pgbraid::net {
namespace {

TEST(AddressTest, IsWrittenAsPeopleWriteIt) {
  EXPECT_EQ((Address{"10.0.0.1", 5432}.ToString()), "10.0.0.1:5432");
  EXPECT_EQ((Address{"db.example", 1}.ToString()), "db.example:1");
  EXPECT_EQ((Address{"::1", 5432}.ToString()), "[::1]:5432");
  EXPECT_EQ((Address{"/run/postgresql", 5432}.ToString()),
            "/run/postgresql:5432");
}

TEST(AddressTest, AFolderMeansAUnixSocket) {
  const Address address = {"/run/postgresql", 5433};
  EXPECT_TRUE(address.is_unix());
  EXPECT_EQ(address.UnixPath(), "/run/postgresql/.s.PGSQL.5433");
  EXPECT_FALSE((Address{"localhost", 5433}.is_unix()));
  EXPECT_FALSE((Address{"", 5433}.is_unix()));
}

}  // namespace
}  // namespace pgbraid::net
