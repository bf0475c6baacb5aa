#include "wire/writer.h"

#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

TEST(MessageWriterTest, FillsInTheLengthOfEachMessage) {
  std::string out = "before";
  MessageWriter writer(&out);
  writer.Begin('X');
  writer.End();
  writer.Begin('Y');
  writer.PutByte('b');
  writer.PutInt16(0x0102);
  writer.PutInt32(0x03040506);
  writer.PutCString("text");
  writer.PutBytes(Raw("\0\1"));
  writer.End();
  EXPECT_EQ(out, Raw("beforeX\0\0\0\4Y\0\0\0\x12"
                     "b\1\2\3\4\5\6text\0\0\1"));
}

TEST(MessageWriterTest, WritesAPacketWithoutAType) {
  std::string out;
  MessageWriter writer(&out);
  writer.BeginStartup();
  writer.PutInt32(kSslRequestCode);
  writer.End();
  EXPECT_EQ(out, Raw("\0\0\0\x08\x04\xd2\x16\x2f"));
}

TEST(MessageWriterTest, CountsBytesThatFollowSeparately) {
  std::string out;
  MessageWriter writer(&out);
  writer.Begin('d');
  writer.PutBytes("ab");
  writer.End(1000);
  EXPECT_EQ(out, Raw("d\0\0\x03\xee"
                     "ab"));
}

TEST(MessageWriterTest, NeverLetsAStringRunIntoTheNextField) {
  std::string out;
  MessageWriter writer(&out);
  writer.Begin('Q');
  writer.PutCString(Raw("one\0two"));
  writer.End();
  EXPECT_EQ(BodyOf(out, 'Q', kFrontendLimits), Raw("one\0"));
}

}  // namespace
}  // namespace pgbraid::wire
