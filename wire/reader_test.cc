#include "wire/reader.h"

#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

TEST(MessageReaderTest, ReadsFieldsInOrder) {
  MessageReader reader(Raw("\x12\x34\xff\xff\xff\xfeZname\0abcrest"));
  EXPECT_EQ(reader.GetInt16(), 0x1234);
  EXPECT_EQ(reader.GetInt32(), 0xfffffffe);
  EXPECT_EQ(reader.GetByte(), 'Z');
  EXPECT_EQ(reader.GetCString(), "name");
  EXPECT_EQ(reader.GetBytes(3), "abc");
  EXPECT_EQ(reader.rest(), "rest");
  EXPECT_EQ(reader.GetRest(), "rest");
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(MessageReaderTest, SpeaksPostgresWordsForEachKindOfDamage) {
  MessageReader short_int("a");
  short_int.GetInt16();
  ExpectViolation(short_int.Finish(), "insufficient data left in message");

  MessageReader short_long("abc");
  short_long.GetInt32();
  ExpectViolation(short_long.Finish(), "insufficient data left in message");

  MessageReader short_bytes("abc");
  short_bytes.GetBytes(4);
  ExpectViolation(short_bytes.Finish(), "insufficient data left in message");

  MessageReader no_byte("");
  no_byte.GetByte();
  ExpectViolation(no_byte.Finish(), "no data left in message");

  MessageReader endless("abc");
  endless.GetCString();
  ExpectViolation(endless.Finish(), "invalid string in message");

  MessageReader no_string("");
  no_string.GetCString();
  ExpectViolation(no_string.Finish(), "invalid string in message");

  MessageReader left_over("abc");
  left_over.GetByte();
  ExpectViolation(left_over.Finish(), "invalid message format");
  EXPECT_TRUE(left_over.status().ok());
}

TEST(MessageReaderTest, KeepsItsFirstErrorAndReadsNothingMore) {
  MessageReader reader("abc");
  reader.GetInt32();
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.GetCString(), "");
  EXPECT_EQ(reader.GetByte(), 0);
  EXPECT_EQ(reader.GetInt16(), 0);
  EXPECT_TRUE(reader.rest().empty());
  ExpectViolation(reader.status(), "insufficient data left in message");
}

}  // namespace
}  // namespace pgbraid::wire
