#include "topology/shard.h"

#include <gtest/gtest.h>

namespace pgbraid::topology {
namespace {

TEST(HostAddressTest, IsWrittenAsTheFlagWritesIt) {
  EXPECT_EQ((HostAddress{"10.0.0.1", 5432}).ToString(), "10.0.0.1:5432");
  EXPECT_EQ((HostAddress{"::1", 5433}).ToString(), "[::1]:5433");
  EXPECT_EQ((HostAddress{"/run/pg", 5432}).ToString(), "/run/pg:5432");
}

TEST(HostAddressTest, AFolderIsAUnixSocket) {
  EXPECT_TRUE((HostAddress{"/run/pg", 5432}).is_unix());
  EXPECT_FALSE((HostAddress{"localhost", 5432}).is_unix());
}

}  // namespace
}  // namespace pgbraid::topology
