#include "net/socket_address.h"

#include <gtest/gtest.h>

#include "net/test_support.h"

namespace pgbraid::net::internal {
namespace {

TEST(SocketAddressTest, NumbersNeedNoNameService) {
  const auto four = SocketAddress::FromNumeric({"10.0.0.1", 5432});
  ASSERT_TRUE(four.ok() && four->has_value());
  EXPECT_EQ((*four)->family(), AF_INET);
  EXPECT_EQ((*four)->port(), 5432);
  EXPECT_EQ((*four)->ToString(), "10.0.0.1:5432");
  const auto six = SocketAddress::FromNumeric({"::1", 5432});
  ASSERT_TRUE(six.ok() && six->has_value());
  EXPECT_EQ((*six)->family(), AF_INET6);
  EXPECT_EQ((*six)->ToString(), "[::1]:5432");
}

TEST(SocketAddressTest, NamesNeedOne) {
  const auto name = SocketAddress::FromNumeric({"localhost", 5432});
  ASSERT_TRUE(name.ok());
  EXPECT_FALSE(name->has_value());
  const auto found = SocketAddress::Resolve({"localhost", 5432}, false);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(found->empty());
  EXPECT_EQ(found->front().port(), 5432);
}

TEST(SocketAddressTest, AStarMeansAllAddresses) {
  const auto found = SocketAddress::Resolve({"*", 0}, true);
  ASSERT_TRUE(found.ok()) << found.status();
  for (const SocketAddress& address : *found) {
    const std::string text = address.ToString();
    EXPECT_TRUE(text == "0.0.0.0:0" || text == "[::]:0") << text;
  }
}

TEST(SocketAddressTest, UnixPathsHaveALimit) {
  const auto good = SocketAddress::FromNumeric({"/run/postgresql", 5432});
  ASSERT_TRUE(good.ok() && good->has_value());
  EXPECT_EQ((*good)->family(), AF_UNIX);
  EXPECT_EQ((*good)->ToString(), "unix");
  EXPECT_EQ((*good)->port(), 0);
  const auto bad =
      SocketAddress::FromNumeric({"/" + std::string(100, 'x'), 5432});
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(SqlStateOf(bad.status()), sqlstate::kInvalidParameterValue);
}

TEST(SocketAddressTest, SocketsKnowBothEnds) {
  const SocketPair pair = TcpPair();
  const auto own = SocketAddress::OfSocket(pair.first.get());
  const auto seen = SocketAddress::OfPeer(pair.second.get());
  ASSERT_TRUE(own.has_value() && seen.has_value());
  EXPECT_EQ(own->ToString(), seen->ToString());
  EXPECT_FALSE(SocketAddress::OfPeer(-1).has_value());
}

}  // namespace
}  // namespace pgbraid::net::internal
