#include "wire/scram_message.h"

#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

void ExpectDetail(const Status& status, std::string_view detail) {
  ExpectViolation(status, "malformed SCRAM message");
  EXPECT_EQ(DetailOf(status), detail);
}

TEST(ScramMessageReaderTest, ReadsAttributesInOrder) {
  ScramMessageReader reader("r=a=b,s=,i=4096");
  std::string_view value;
  ASSERT_TRUE(reader.Expect('r', &value).ok());
  EXPECT_EQ(value, "a=b");
  ASSERT_TRUE(reader.Expect('s', &value).ok());
  EXPECT_EQ(value, "");
  ScramAttribute attribute;
  ASSERT_TRUE(reader.Next(&attribute).ok());
  EXPECT_EQ(attribute.name, 'i');
  EXPECT_EQ(attribute.value, "4096");
  EXPECT_TRUE(reader.done());
  ExpectDetail(reader.Next(&attribute),
               "Attribute expected, but found end of string.");
}

TEST(ScramMessageReaderTest, SaysWhatIsMalformed) {
  ScramAttribute attribute;
  std::string_view value;
  ExpectDetail(ScramMessageReader("s=x").Expect('r', &value),
               "Expected attribute \"r\" but found \"s\".");
  ExpectDetail(ScramMessageReader("").Expect('r', &value),
               "Attribute expected, but found end of string.");
  ExpectDetail(ScramMessageReader("rx").Expect('r', &value),
               "Expected character \"=\" for attribute \"r\".");
  ExpectDetail(ScramMessageReader("r").Next(&attribute),
               "Expected character \"=\" for attribute \"r\".");
  ExpectDetail(ScramMessageReader("\x07=1").Next(&attribute),
               "Attribute expected, but found invalid character \"0x07\".");
}

TEST(ScramMessageReaderTest, KnowsWhatANonceMayHold) {
  EXPECT_TRUE(IsScramPrintable("rOprNGfwEbeRWgbNEkqO%hvY)$!~"));
  EXPECT_FALSE(IsScramPrintable("a b"));
  EXPECT_FALSE(IsScramPrintable("a,b"));
  EXPECT_FALSE(IsScramPrintable("a\x7f"));
  EXPECT_FALSE(IsScramPrintable("a\xc3\xa4"));
}

}  // namespace
}  // namespace pgbraid::wire
