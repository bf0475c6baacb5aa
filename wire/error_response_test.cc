#include "wire/error_response.h"

#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

// As PostgreSQL 15 sent it.
constexpr char kPostgresError[] =
    "SFATAL\0VFATAL\0C0A000\0"
    "Munsupported frontend protocol 4.1: server supports 3.0 to 3.0\0"
    "Fpostmaster.c\0L2220\0RProcessStartupPacket\0\0";

TEST(ErrorResponseTest, ReadsWhatPostgresSends) {
  ErrorFields fields;
  ASSERT_TRUE(ParseErrorFields(Raw(kPostgresError), &fields).ok());
  EXPECT_EQ(fields.severity, "FATAL");
  EXPECT_EQ(fields.severity_plain, "FATAL");
  EXPECT_EQ(fields.sqlstate, "0A000");
  EXPECT_EQ(fields.message,
            "unsupported frontend protocol 4.1: server supports 3.0 to 3.0");
  EXPECT_EQ(fields.file, "postmaster.c");
  EXPECT_EQ(fields.line, "2220");
  EXPECT_EQ(fields.routine, "ProcessStartupPacket");
  std::string bytes;
  AppendErrorResponse(fields, &bytes);
  EXPECT_EQ(BodyOf(bytes, 'E', kBackendLimits), Raw(kPostgresError));
}

TEST(ErrorResponseTest, RoundTripOfEveryField) {
  const ErrorFields fields = {
      "FEHLER", "ERROR", "23505",      "message", "detail", "hint",
      "17",     "3",     "query",      "where",   "schema", "table",
      "column", "type",  "constraint", "file.c",  "42",     "Routine"};
  std::string bytes;
  AppendNoticeResponse(fields, &bytes);
  ErrorFields parsed;
  ASSERT_TRUE(
      ParseErrorFields(BodyOf(bytes, 'N', kBackendLimits), &parsed).ok());
  EXPECT_EQ(parsed, fields);
}

TEST(ErrorResponseTest, PassesOverFieldsItDoesNotKnow) {
  ErrorFields fields;
  ASSERT_TRUE(ParseErrorFields(Raw("xnew\0Mtext\0\0"), &fields).ok());
  EXPECT_EQ(fields.message, "text");
}

TEST(ErrorResponseTest, FailsWhereverItIsCut) {
  ErrorFields fields;
  ExpectEveryCutFails(Raw(kPostgresError), [&](std::string_view body) {
    return ParseErrorFields(body, &fields);
  });
  ExpectViolation(ParseErrorFields(Raw("Mtext\0\0x"), &fields),
                  "invalid message format");
}

TEST(ErrorResponseTest, SaysWhatAStatusCarries) {
  std::string bytes;
  AppendErrorResponse(
      SqlError("0A000", "no such thing", "A detail.", "A hint."),
      Severity::kError, &bytes);
  EXPECT_EQ(BodyOf(bytes, 'E', kBackendLimits),
            Raw("SERROR\0VERROR\0C0A000\0Mno such thing\0DA detail.\0"
                "HA hint.\0\0"));
  bytes.clear();
  AppendErrorResponse(SqlError("08P01", "broken"), Severity::kFatal, &bytes);
  EXPECT_EQ(BodyOf(bytes, 'E', kBackendLimits),
            Raw("SFATAL\0VFATAL\0C08P01\0Mbroken\0\0"));
}

TEST(ErrorResponseTest, WritesNoticesOfItsOwn) {
  std::string bytes;
  AppendNotice("WARNING", "01000", "mind the gap", &bytes);
  EXPECT_EQ(BodyOf(bytes, 'N', kBackendLimits),
            Raw("SWARNING\0VWARNING\0C01000\0Mmind the gap\0\0"));
}

TEST(ErrorResponseTest, BecomesAStatus) {
  ErrorFields fields;
  ASSERT_TRUE(
      ParseErrorFields(
          Raw("SERROR\0C28P01\0Mwrong password\0Ddetail\0Hhint\0\0"), &fields)
          .ok());
  const Status status = ToStatus(fields);
  ExpectError(status, "28P01", "wrong password");
  EXPECT_EQ(DetailOf(status), "detail");
  EXPECT_EQ(HintOf(status), "hint");
  ExpectError(ToStatus(ErrorFields()), sqlstate::kInternalError, "");
}

TEST(IdentifyErrorTest, FindsStateAndRoutine) {
  const ErrorIdentity identity = IdentifyError(Raw(kPostgresError));
  EXPECT_EQ(identity.sqlstate, "0A000");
  EXPECT_EQ(identity.routine, "ProcessStartupPacket");
}

TEST(IdentifyErrorTest, GivesNothingOfABodyThatDoesNotSay) {
  for (const std::string_view body :
       {Raw(""), Raw("\0"), Raw("Mtext\0\0"), Raw("C0A000"), Raw("R")}) {
    EXPECT_EQ(IdentifyError(body).sqlstate, "");
    EXPECT_EQ(IdentifyError(body).routine, "");
  }
}

}  // namespace
}  // namespace pgbraid::wire
