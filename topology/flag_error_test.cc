#include "topology/flag_error.h"

#include <gtest/gtest.h>

namespace pgbraid::topology {
namespace {

TEST(FlagErrorTest, NamesFlagPlaceAndPiece) {
  EXPECT_EQ(FlagError("--tables", 12, "42.0", "expected an integer"),
            "--tables: character 12 (42.0): expected an integer");
}

TEST(FlagErrorTest, LongPiecesAreCutBetweenCharacters) {
  std::string piece = std::string(39, 'x') + "\xC3\xBC" + "yz";
  EXPECT_EQ(FlagError("--t", 1, piece, "p"),
            "--t: character 1 (" + std::string(39, 'x') + "...): p");
}

TEST(FlagErrorTest, FindingsBecomeOneErrorWithALineEach) {
  EXPECT_TRUE(JoinFindings({}).ok());
  Status status = JoinFindings({"one", "two"});
  EXPECT_EQ(SqlStateOf(status), "22023");
  EXPECT_EQ(MessageOf(status), "one\ntwo");
}

}  // namespace
}  // namespace pgbraid::topology
