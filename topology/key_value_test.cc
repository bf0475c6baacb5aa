#include "topology/key_value.h"

#include <gtest/gtest.h>

namespace pgbraid::topology {
namespace {

TEST(KeyValueTest, HoldsWhatItWasMadeOf) {
  EXPECT_TRUE(KeyValue().is_null());
  EXPECT_TRUE(KeyValue::Null().is_null());
  EXPECT_EQ(KeyValue::Int(-7).as_int(), -7);
  EXPECT_EQ(KeyValue::Text("grün").as_bytes(), "grün");
  KeyValue::UuidBytes uuid{};
  uuid[15] = 1;
  EXPECT_EQ(KeyValue::Uuid(uuid).as_bytes(),
            std::string_view(uuid.data(), uuid.size()));
  EXPECT_FALSE(KeyValue::Text("").is_null());
}

TEST(KeyValueTest, NullComesFirstAndEqualsNull) {
  EXPECT_EQ(KeyValue::Null(), KeyValue::Null());
  EXPECT_LT(KeyValue::Null(), KeyValue::Int(-5));
  EXPECT_NE(KeyValue::Null(), KeyValue::Int(0));
}

TEST(KeyValueTest, NumbersCompareByValue) {
  EXPECT_LT(KeyValue::Int(-1), KeyValue::Int(1));
  EXPECT_EQ(KeyValue::Int(5), KeyValue::Int(5));
}

TEST(KeyValueTest, TextComparesAsUnsignedBytesAndThenByLength) {
  EXPECT_LT(KeyValue::Text("Z"), KeyValue::Text("a"));
  EXPECT_LT(KeyValue::Text("z"), KeyValue::Text("\xC3\xA4"));
  EXPECT_LT(KeyValue::Text("ab"), KeyValue::Text("abc"));
}

}  // namespace
}  // namespace pgbraid::topology
