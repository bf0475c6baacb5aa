#include "net/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace pgbraid::net::internal {
namespace {

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) != -1; }

TEST(UniqueFdTest, ClosesWithItsOwner) {
  int number;
  {
    UniqueFd fd(dup(0));
    number = fd.get();
    EXPECT_TRUE(IsOpen(number));
    UniqueFd owner = std::move(fd);
    EXPECT_FALSE(fd.valid());
    EXPECT_TRUE(IsOpen(number));
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFdTest, AssignmentClosesWhatWasThere) {
  UniqueFd fd(dup(0));
  const int number = fd.get();
  fd = UniqueFd();
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFdTest, ReleaseGivesItAway) {
  int number;
  {
    UniqueFd fd(dup(0));
    number = fd.Release();
  }
  EXPECT_TRUE(IsOpen(number));
  close(number);
}

}  // namespace
}  // namespace pgbraid::net::internal
