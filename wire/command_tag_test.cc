#include "wire/command_tag.h"

#include "gtest/gtest.h"

namespace pgbraid::wire {
namespace {

TEST(CommandTagTest, FindsTheRowsWhereTheTagCounts) {
  EXPECT_EQ(ParseCommandTag("SELECT 5"), (CommandTag{"SELECT", 5}));
  EXPECT_EQ(ParseCommandTag("INSERT 0 12"), (CommandTag{"INSERT 0", 12}));
  EXPECT_EQ(ParseCommandTag("COPY 18446744073709551615"),
            (CommandTag{"COPY", UINT64_MAX}));
}

TEST(CommandTagTest, LeavesOtherTagsWhole) {
  for (const std::string_view tag :
       {"", "BEGIN", "CREATE TABLE", "SELECT ", "SELECT 5x", "SELECT -5",
        "COPY 18446744073709551616"}) {
    EXPECT_EQ(ParseCommandTag(tag), (CommandTag{tag, std::nullopt}));
    EXPECT_EQ(ParseCommandTag(tag).ToString(), tag);
  }
}

TEST(CommandTagTest, CanBeWrittenWithAnotherCount) {
  CommandTag tag = ParseCommandTag("INSERT 0 12");
  tag.rows = *tag.rows + 30;
  EXPECT_EQ(tag.ToString(), "INSERT 0 42");
}

}  // namespace
}  // namespace pgbraid::wire
