#include "wire/sasl_prep.h"

#include "gtest/gtest.h"

namespace pgbraid::wire {
namespace {

TEST(SaslPrepTest, LeavesAsciiAlone) {
  EXPECT_EQ(SaslPrep(""), "");
  EXPECT_EQ(SaslPrep("USER pencil~"), "USER pencil~");
  EXPECT_EQ(SaslPrep("with\ttab"), "with\ttab");
}

// RFC 4013, section 3.
TEST(SaslPrepTest, FollowsTheStandardsExamples) {
  EXPECT_EQ(SaslPrep("I\u00adX"), "IX");
  EXPECT_EQ(SaslPrep("\u00aa"), "a");
  EXPECT_EQ(SaslPrep("\u2168"), "IX");
}

TEST(SaslPrepTest, MapsSpacesAndComposes) {
  EXPECT_EQ(SaslPrep("a\u00a0b"), "a b");
  EXPECT_EQ(SaslPrep("a\u0308"), "\u00e4");
}

TEST(SaslPrepTest, TakesTheBytesOfWhatIsForbidden) {
  EXPECT_EQ(SaslPrep("\u06271"), "\u06271");    // right to left, then not
  EXPECT_EQ(SaslPrep("\u00ad"), "\u00ad");      // nothing would be left
  EXPECT_EQ(SaslPrep("\u00e4\a"), "\u00e4\a");  // control character
}

TEST(SaslPrepTest, TakesTheBytesOfWhatIsNotUtf8) {
  EXPECT_EQ(SaslPrep("p\xe4ss"), "p\xe4ss");
  EXPECT_EQ(SaslPrep("\xff\xfe"), "\xff\xfe");
  EXPECT_EQ(SaslPrep("cut \xc3"), "cut \xc3");
}

}  // namespace
}  // namespace pgbraid::wire
