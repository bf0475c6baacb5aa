#include "router/name_edits.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/error_response.h"

namespace pgbraid::router {
namespace {

TEST(NameEditsTest, PlacesBehindALongerNameMoveBack) {
  // EXECUTE a(1); EXECUTE bcd(2) sent as EXECUTE pgb_17(1); EXECUTE p1(2)
  NameEdits edits;
  edits.edits = {{8, 1, 6}, {22, 3, 2}};
  EXPECT_EQ(edits.ClientPosition(1), 1u);
  EXPECT_EQ(edits.ClientPosition(9), 9u);    // the first name
  EXPECT_EQ(edits.ClientPosition(12), 9u);   // inside of it
  EXPECT_EQ(edits.ClientPosition(16), 11u);  // the 1
  EXPECT_EQ(edits.ClientPosition(28), 23u);  // the second name
  EXPECT_EQ(edits.ClientPosition(31), 27u);  // the 2
}

TEST(NameEditsTest, PlacesInAnInnerStatementMoveToWhereItStands) {
  NameEdits edits;
  edits.offset = 13;
  EXPECT_EQ(edits.ClientPosition(8), 21u);
}

TEST(NameEditsTest, ErrorsSpeakOfTheClientsNames) {
  wire::ErrorFields fields;
  fields.severity = "ERROR";
  fields.severity_plain = "ERROR";
  fields.sqlstate = "42601";
  fields.message =
      "wrong number of parameters for prepared statement \"pgb_17\"";
  fields.detail = "Expected 1 of \"pgb_17\", not \"pgb_1\".";
  fields.position = "16";
  std::string message;
  wire::AppendErrorResponse(fields, &message);
  NameEdits edits;
  edits.edits = {{8, 1, 6}};
  edits.names = {{"pgb_17", "a"}};
  std::string corrected = CorrectedError(message.substr(5), edits);
  wire::ErrorFields found;
  ASSERT_TRUE(
      wire::ParseErrorFields(std::string_view(corrected).substr(5), &found)
          .ok());
  EXPECT_EQ(found.message,
            "wrong number of parameters for prepared statement \"a\"");
  EXPECT_EQ(found.detail, "Expected 1 of \"a\", not \"pgb_1\".");
  EXPECT_EQ(found.position, "11");
  EXPECT_EQ(found.sqlstate, "42601");
}

TEST(NameEditsTest, CountsCharactersByTheEncoding) {
  EXPECT_EQ(CountCharacters("a\xC3\xA4\xE2\x82\xAC", true), 3u);
  EXPECT_EQ(CountCharacters("a\xC3\xA4\xE2\x82\xAC", false), 6u);
}

}  // namespace
}  // namespace pgbraid::router
