#include "topology/pg_hash.h"

#include <gtest/gtest.h>

#include <vector>

#include "topology/key_parse.h"

namespace pgbraid::topology {
namespace {

// The expected numbers are what PostgreSQL 15's hashint4extended,
// hashint8extended, hashtextextended and uuid_hash_extended answer.
constexpr uint64_t kSeed = kHashPartitionSeed;

int64_t Signed(uint64_t hash) { return static_cast<int64_t>(hash); }

TEST(PgHashTest, IntegersHashAsInPostgres) {
  EXPECT_EQ(Signed(HashUint32Extended(0, 0)), 4154612158245552303);
  EXPECT_EQ(Signed(HashUint32Extended(1, kSeed)), 5968994663651403477);
  EXPECT_EQ(Signed(HashInt8Extended(-1, kSeed)), -5017072347659237694);
  EXPECT_EQ(Signed(HashInt8Extended(5000000000, kSeed)), -2799505259769899283);
  EXPECT_EQ(Signed(HashInt8Extended(-5000000000, kSeed)), -4482100988868492312);
}

TEST(PgHashTest, IntegersOfAllWidthsAgree) {
  for (int64_t value : {-32768, -1, 0, 1, 32767}) {
    uint64_t hash = HashKeyValue(KeyType::kInt8, KeyValue::Int(value), kSeed);
    EXPECT_EQ(HashKeyValue(KeyType::kInt2, KeyValue::Int(value), kSeed), hash);
    EXPECT_EQ(HashKeyValue(KeyType::kInt4, KeyValue::Int(value), kSeed), hash);
  }
}

TEST(PgHashTest, TextOfEveryTailLengthHashesAsInPostgres) {
  struct {
    size_t length;
    int64_t seeded;
    int64_t unseeded;
  } const kCases[] = {
      {0, -5700645584453517373, -6939563903564495251},
      {1, -6705225459120232837, 3591986179850072241},
      {3, 3628778498291917250, -6747756470228489321},
      {4, 4029384952263848046, -1038429303365892052},
      {7, -1516236981150442578, -6158032784613548338},
      {8, -7754745184861941070, -8882191227074733005},
      {9, -7860738947571725408, -3278210106038014113},
      {11, -2046435308545367432, 3112909444737856467},
      {12, -7876791541613377658, -7556637188122330412},
      {13, -6785754114725280077, 8871624171452417744},
      {24, -10959101940276370, -1933194731779935345},
      {30, 6288301289192221736, -6220525620039254070},
  };
  std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123";
  for (const auto& c : kCases) {
    std::string_view text = alphabet.substr(0, c.length);
    EXPECT_EQ(Signed(HashBytesExtended(text, kSeed)), c.seeded) << text;
    EXPECT_EQ(Signed(HashBytesExtended(text, 0)), c.unseeded) << text;
  }
}

TEST(PgHashTest, BytesAboveAsciiHashAsInPostgres) {
  EXPECT_EQ(Signed(HashBytesExtended("gr\xC3\xBC\xC3\x9F"
                                     "e\xE2\x82\xAC",
                                     kSeed)),
            2266124402168953704);
  ParsedKey uuid = FromTextParameter(
      {.type = KeyType::kUuid}, 0, "00112233-4455-6677-8899-aabbccddeeff", {});
  ASSERT_TRUE(uuid.has_value());
  EXPECT_EQ(Signed(HashKeyValue(KeyType::kUuid, uuid.value, kSeed)),
            -8699738442285490013);
}

TEST(PgHashTest, NullAddsNothing) {
  std::vector<KeyColumn> columns = {{.type = KeyType::kInt4},
                                    {.type = KeyType::kText}};
  std::vector<KeyValue> nulls = {KeyValue::Null(), KeyValue::Null()};
  EXPECT_EQ(PartitionHash(columns, nulls), 0u);
  std::vector<KeyValue> second = {KeyValue::Null(), KeyValue::Text("a")};
  EXPECT_EQ(PartitionHash(columns, second),
            HashCombine64(0, HashKeyValue(KeyType::kText, second[1], kSeed)));
}

TEST(PgHashTest, OrderOfColumnsCounts) {
  std::vector<KeyColumn> columns = {{.type = KeyType::kInt4},
                                    {.type = KeyType::kInt4}};
  std::vector<KeyValue> one_two = {KeyValue::Int(1), KeyValue::Int(2)};
  std::vector<KeyValue> two_one = {KeyValue::Int(2), KeyValue::Int(1)};
  EXPECT_NE(PartitionHash(columns, one_two), PartitionHash(columns, two_one));
}

TEST(PgHashTest, PartitionIsTheUnsignedRemainder) {
  std::vector<KeyColumn> columns = {{.type = KeyType::kInt8}};
  for (int64_t value = -1000; value < 1000; ++value) {
    std::vector<KeyValue> key = {KeyValue::Int(value)};
    int partition = HashPartition(columns, key, 7);
    EXPECT_GE(partition, 0);
    EXPECT_LT(partition, 7);
    EXPECT_EQ(HashPartition(columns, key, 1), 0);
  }
}

}  // namespace
}  // namespace pgbraid::topology
