#include "wire/number_list.h"

#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

TEST(FormatListTest, MeansTextForAllIfEmpty) {
  EXPECT_EQ(FormatList().size(), 0u);
  EXPECT_EQ(FormatList().FormatOf(0), kTextFormat);
  EXPECT_EQ(FormatList().FormatOf(7), kTextFormat);
}

TEST(FormatListTest, HoldsForAllIfThereIsOne) {
  const FormatList formats(Raw("\0\1"));
  EXPECT_EQ(formats.FormatOf(0), kBinaryFormat);
  EXPECT_EQ(formats.FormatOf(7), kBinaryFormat);
}

TEST(FormatListTest, GoesByPlaceIfThereAreMore) {
  const FormatList formats(Raw("\0\1\0\0\xff\xff"));
  EXPECT_EQ(formats.FormatOf(0), kBinaryFormat);
  EXPECT_EQ(formats.FormatOf(1), kTextFormat);
  EXPECT_EQ(formats[2], -1);
  EXPECT_EQ(formats.FormatOf(3), kTextFormat);
}

TEST(OidListTest, ReadsAtAnyAlignment) {
  const OidList oids(Raw("x\0\0\0\x17\xff\xff\xff\xff").substr(1));
  ASSERT_EQ(oids.size(), 2u);
  EXPECT_EQ(oids[0], 23u);
  EXPECT_EQ(oids[1], 4294967295u);
}

}  // namespace
}  // namespace pgbraid::wire
