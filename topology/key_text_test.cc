#include "topology/key_text.h"

#include <gtest/gtest.h>

namespace pgbraid::topology {
namespace {

TEST(KeyTextTest, IntegersAreDigitsWithASign) {
  EXPECT_EQ(ReadInteger("0"), WideInt{0});
  EXPECT_EQ(ReadInteger("-42"), WideInt{-42});
  EXPECT_EQ(ReadInteger("+007"), WideInt{7});
  for (const char* text : {"", "-", "+", "4 2", " 42", "42 ", "4_2", "0x1f",
                           "42.0", "1e2", "--1", "４２"}) {
    EXPECT_FALSE(ReadInteger(text).has_value()) << text;
  }
}

TEST(KeyTextTest, HugeIntegersAreKeptApartFromEveryInt8) {
  std::optional<WideInt> huge = ReadInteger(std::string(500, '9'));
  ASSERT_TRUE(huge.has_value());
  EXPECT_GT(*huge, WideInt{INT64_MAX});
  EXPECT_LT(*ReadInteger("-" + std::string(500, '9')), WideInt{INT64_MIN});
  EXPECT_EQ(*ReadInteger("9223372036854775808"), WideInt{INT64_MAX} + 1);
}

TEST(KeyTextTest, UuidsAreReadInEveryFormThatPostgresqlReads) {
  std::optional<KeyValue::UuidBytes> uuid =
      ReadUuid("00112233-4455-6677-8899-AAbbccddeeff");
  ASSERT_TRUE(uuid.has_value());
  EXPECT_EQ(std::string_view(uuid->data(), uuid->size()),
            std::string_view("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb"
                             "\xcc\xdd\xee\xff",
                             16));
  for (const char* text : {"00112233445566778899aabbccddeeff",
                           "{00112233-4455-6677-8899-aabbccddeeff}",
                           "0011-2233-4455-6677-8899-aabb-ccdd-eeff"}) {
    EXPECT_EQ(ReadUuid(text), uuid) << text;
  }
  for (const char* text : {"", "{}", "00112233-4455-6677-8899-aabbccddeefg",
                           "{00112233-4455-6677-8899-aabbccddeeff",
                           "00112233-4455-6677-8899-aabbccddeeff}",
                           "001-12233445566778899aabbccddeeff",
                           "00112233--445566778899aabbccddeeff",
                           "00112233445566778899aabbccddeeff-",
                           "00112233-4455-6677-8899-aabbccddeef",
                           "0011223-34455-6677-8899-aabbccddeeff"}) {
    EXPECT_FALSE(ReadUuid(text).has_value()) << text;
  }
}

TEST(KeyTextTest, DatesExistInTheCalendar) {
  EXPECT_EQ(ReadDate("2000-01-01"), 0);
  EXPECT_EQ(ReadDate("2024-02-29"), 8825);
  for (const char* text :
       {"", "2023-02-29", "2024-13-01", "2024-00-01", "2024-01-00",
        "2024-01-32", "0000-01-01", "24-01-01", "12024-01-01", "2024-1-1",
        "2024/01/01", "20240101", "2024-01-01 ", " 2024-01-01", "2024-01-01 BC",
        "today", "infinity", "-infinity", "2024-01-01 00:00:00"}) {
    EXPECT_FALSE(ReadDate(text).has_value()) << text;
  }
}

TEST(KeyTextTest, TimestampsMayHaveTimeFractionAndOffset) {
  EXPECT_EQ(ReadTimestamp("2000-01-01")->micros, 0);
  EXPECT_EQ(ReadTimestamp("2000-01-02 00:00:01")->micros, 86'401'000'000);
  EXPECT_EQ(ReadTimestamp("2000-01-01T00:00:00.5")->micros, 500'000);
  EXPECT_EQ(ReadTimestamp("2000-01-01 00:00:00.000001")->micros, 1);
  EXPECT_EQ(ReadTimestamp("1999-12-31 23:59:59.999999")->micros, -1);
  EXPECT_FALSE(ReadTimestamp("2000-01-01 00:00:00")->offset.has_value());
  EXPECT_EQ(ReadTimestamp("2000-01-01 00:00:00Z")->offset, 0);
  EXPECT_EQ(ReadTimestamp("2000-01-01 00:00:00+02")->offset, 7200);
  EXPECT_EQ(ReadTimestamp("2000-01-01 00:00:00.25-03:30")->offset, -12600);
  EXPECT_EQ(ReadTimestamp("2000-01-01 00:00:00+00:00:01")->offset, 1);
}

TEST(KeyTextTest, TimestampsInOtherFormsAreNotRead) {
  for (const char* text : {"2000-01-01 ",
                           "2000-01-01  00:00:00",
                           "2000-01-01 00:00",
                           "2000-01-01 24:00:00",
                           "2000-01-01 00:60:00",
                           "2000-01-01 00:00:60",
                           "2000-01-01 00:00:00.",
                           "2000-01-01 00:00:00.1234567",
                           "2000-01-01 00:00:00 PST",
                           "2000-01-01 00:00:00 +02",
                           "2000-01-01 00:00:00+2",
                           "2000-01-01 00:00:00+16",
                           "2000-01-01 00:00:00+0230",
                           "2000-01-01 00:00:00+02:60",
                           "2000-01-01 00:00:00z",
                           "2000-01-01t00:00:00",
                           "2000-01-01 1:00:00",
                           "2000-01-01 01:00:00 AM",
                           "2000-01-01+02",
                           "now",
                           "infinity"}) {
    EXPECT_FALSE(ReadTimestamp(text).has_value()) << text;
  }
}

TEST(KeyTextTest, CharactersAreCountedNotBytes) {
  EXPECT_EQ(CountUtf8Characters(""), 0u);
  EXPECT_EQ(CountUtf8Characters("abc"), 3u);
  EXPECT_EQ(CountUtf8Characters("gr\xC3\xBC\xC3\x9F\xE2\x82\xAC"), 5u);
}

}  // namespace
}  // namespace pgbraid::topology
