#include "base/status.h"

#include <gtest/gtest.h>

namespace pgbraid {
namespace {

TEST(StatusTest, CarriesWhatAnErrorResponseCarries) {
  Status status = SqlError(sqlstate::kFeatureNotSupported, "no joins",
                           "Two tables.", "Name the key.");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(SqlStateOf(status), "0A000");
  EXPECT_EQ(MessageOf(status), "no joins");
  EXPECT_EQ(DetailOf(status), "Two tables.");
  EXPECT_EQ(HintOf(status), "Name the key.");
}

TEST(StatusTest, ErrorMadeElsewhereIsAnInternalError) {
  Status status = absl::InternalError("x");
  EXPECT_EQ(SqlStateOf(status), "XX000");
  EXPECT_EQ(DetailOf(status), "");
  EXPECT_EQ(HintOf(status), "");
}

StatusOr<int> Half(int n) {
  if (n % 2 != 0) return SqlError(sqlstate::kInvalidParameterValue, "odd");
  return n / 2;
}

StatusOr<int> Quarter(int n) {
  PGB_ASSIGN_OR_RETURN(int half, Half(n));
  PGB_ASSIGN_OR_RETURN(int quarter, Half(half));
  return quarter;
}

TEST(StatusTest, AssignOrReturnHandsTheErrorOn) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(SqlStateOf(Quarter(6).status()), "22023");
}

}  // namespace
}  // namespace pgbraid
