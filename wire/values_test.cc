#include "wire/values.h"

#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

TEST(ValuesTest, ReadsNullEmptyAndBytes) {
  MessageReader reader(Raw("\0\3\xff\xff\xff\xff\0\0\0\0\0\0\0\2\0\1"));
  Values values;
  ReadValues(&reader, &values);
  ASSERT_TRUE(reader.Finish().ok());
  EXPECT_EQ(values, Values({Value(), Value(""), Value(Raw("\0\1"))}));
}

TEST(ValuesTest, DoesNotReserveForACountThatTheBodyCannotHold) {
  MessageReader reader(Raw("\xff\xff\0\0\0\0"));
  Values values;
  ReadValues(&reader, &values);
  ExpectViolation(reader.Finish(), "insufficient data left in message");
  EXPECT_TRUE(values.empty());
}

TEST(ValuesTest, WritesWhatItReads) {
  const Values values = {Value("a"), Value(), Value("")};
  std::string out;
  MessageWriter writer(&out);
  WriteValues(values, &writer);
  EXPECT_EQ(out, Raw("\0\3\0\0\0\1a\xff\xff\xff\xff\0\0\0\0"));
}

}  // namespace
}  // namespace pgbraid::wire
