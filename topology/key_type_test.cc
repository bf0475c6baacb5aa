#include "topology/key_type.h"

#include <gtest/gtest.h>

namespace pgbraid::topology {
namespace {

TEST(KeyTypeTest, OidAndNameLeadBackToTheType) {
  for (Oid oid : {21u, 23u, 20u, 25u, 1043u, 2950u, 1082u, 1114u, 1184u}) {
    std::optional<KeyType> type = KeyTypeFromOid(oid);
    ASSERT_TRUE(type.has_value()) << oid;
    EXPECT_EQ(OidOf(*type), oid);
    EXPECT_EQ(KeyTypeFromName(NameOf(*type)), type);
  }
  EXPECT_EQ(KeyTypeFromOid(23), KeyType::kInt4);
  EXPECT_EQ(KeyTypeFromName("timestamptz"), KeyType::kTimestamptz);
}

TEST(KeyTypeTest, OtherTypesAreNoKeys) {
  EXPECT_FALSE(KeyTypeFromOid(1042).has_value());  // bpchar
  EXPECT_FALSE(KeyTypeFromOid(1700).has_value());  // numeric
  EXPECT_FALSE(KeyTypeFromOid(0).has_value());
  EXPECT_FALSE(KeyTypeFromName("bpchar").has_value());
  EXPECT_FALSE(KeyTypeFromName("integer").has_value());
  EXPECT_FALSE(KeyTypeFromName("").has_value());
}

TEST(KeyTypeTest, FamiliesAreTypesWhoseEqualValuesHashAlike) {
  EXPECT_TRUE(SameFamily(KeyType::kInt2, KeyType::kInt8));
  EXPECT_TRUE(SameFamily(KeyType::kText, KeyType::kVarchar));
  EXPECT_TRUE(SameFamily(KeyType::kUuid, KeyType::kUuid));
  EXPECT_FALSE(SameFamily(KeyType::kInt4, KeyType::kText));
  EXPECT_FALSE(SameFamily(KeyType::kDate, KeyType::kTimestamp));
  EXPECT_FALSE(SameFamily(KeyType::kTimestamp, KeyType::kTimestamptz));
}

}  // namespace
}  // namespace pgbraid::topology
