#include "net/errno_status.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace pgbraid::net::internal {
namespace {

TEST(ErrnoStatusTest, SaysWhatAndWhy) {
  const Status status = ErrnoStatus("could not connect", ECONNREFUSED);
  EXPECT_EQ(SqlStateOf(status), sqlstate::kConnectionFailure);
  EXPECT_EQ(MessageOf(status), "could not connect: Connection refused");
}

}  // namespace
}  // namespace pgbraid::net::internal
