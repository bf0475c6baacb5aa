#include "wire/random.h"

#include <string>

#include "gtest/gtest.h"

namespace pgbraid::wire {
namespace {

TEST(SystemRandomTest, NeverGivesTheSameTwice) {
  SystemRandom random;
  std::string one(18, '\0'), two(18, '\0');
  ASSERT_TRUE(random.Fill(one.data(), one.size()));
  ASSERT_TRUE(random.Fill(two.data(), two.size()));
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace pgbraid::wire
