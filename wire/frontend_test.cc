#include "wire/frontend.h"

#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

std::string_view Body(std::string_view bytes, char type) {
  return BodyOf(bytes, type, kFrontendLimits);
}
std::string_view LoginBody(std::string_view bytes) {
  return BodyOf(bytes, 'p', kFrontendLoginLimits);
}

TEST(QueryTest, RoundTripAndDamage) {
  std::string bytes;
  AppendQuery("select 'ä'", &bytes);
  const std::string_view body = Body(bytes, 'Q');
  std::string_view text;
  ASSERT_TRUE(ParseQuery(body, &text).ok());
  EXPECT_EQ(text, "select 'ä'");
  const auto parse = [&](std::string_view b) { return ParseQuery(b, &text); };
  ExpectEveryCutFails(body, parse);
  ExpectViolation(parse("select 1"), "invalid string in message");
  ExpectViolation(parse(Raw("select 1\0x")), "invalid message format");
}

TEST(ParseTest, RoundTripAndDamage) {
  std::string bytes;
  AppendParse("s1", "select $1, $2", OidList(Raw("\0\0\0\x17\0\0\0\0")),
              &bytes);
  const std::string_view body = Body(bytes, 'P');
  ParseMessage message;
  ASSERT_TRUE(ParseParse(body, &message).ok());
  EXPECT_EQ(message.name, "s1");
  EXPECT_EQ(message.text, "select $1, $2");
  ASSERT_EQ(message.types.size(), 2u);
  EXPECT_EQ(message.types[0], 23u);
  EXPECT_EQ(message.types[1], 0u);
  const auto parse = [&](std::string_view b) {
    return ParseParse(b, &message);
  };
  ExpectEveryCutFails(body, parse);
  ExpectViolation(parse(Raw("\0\0\xff\xff")),
                  "insufficient data left in message");
  ExpectViolation(parse(Raw("\0\0\0\0x")), "invalid message format");
}

TEST(ParseTest, CanBeSentOnUnderAnotherName) {
  std::string from, to;
  AppendParse("s1", "select $1", OidList(Raw("\0\0\0\x17")), &from);
  ParseMessage message;
  ASSERT_TRUE(ParseParse(Body(from, 'P'), &message).ok());
  AppendParse("global_17", message.text, message.types, &to);
  ASSERT_TRUE(ParseParse(Body(to, 'P'), &message).ok());
  EXPECT_EQ(message.name, "global_17");
  EXPECT_EQ(message.text, "select $1");
  EXPECT_EQ(message.types[0], 23u);
}

TEST(DescribeAndCloseTest, RoundTripAndDamage) {
  std::string describe, close;
  AppendDescribe(Target::kPortal, "p", &describe);
  AppendClose(Target::kStatement, "s", &close);
  TargetMessage message;
  ASSERT_TRUE(ParseDescribe(Body(describe, 'D'), &message).ok());
  EXPECT_EQ(message.target, Target::kPortal);
  EXPECT_EQ(message.name, "p");
  ASSERT_TRUE(ParseClose(Body(close, 'C'), &message).ok());
  EXPECT_EQ(message.target, Target::kStatement);
  EXPECT_EQ(message.name, "s");

  ExpectEveryCutFails(Raw("Ss\0"), [&](std::string_view body) {
    return ParseDescribe(body, &message);
  });
  ExpectViolation(ParseDescribe("", &message), "no data left in message");
  ExpectViolation(ParseDescribe(Raw("Xs\0"), &message),
                  "invalid DESCRIBE message subtype 88");
  ExpectViolation(ParseClose(Raw("\xffs\0"), &message),
                  "invalid CLOSE message subtype 255");
  ExpectViolation(ParseClose(Raw("Ss\0s"), &message), "invalid message format");
}

TEST(ExecuteTest, RoundTripAndDamage) {
  std::string bytes;
  AppendExecute("p", -1, &bytes);
  const std::string_view body = Body(bytes, 'E');
  ExecuteMessage message;
  ASSERT_TRUE(ParseExecute(body, &message).ok());
  EXPECT_EQ(message.portal, "p");
  EXPECT_EQ(message.max_rows, -1);
  ExpectEveryCutFails(
      body, [&](std::string_view b) { return ParseExecute(b, &message); });
  ExpectViolation(ParseExecute(Raw("\0\0\0\0\0\0"), &message),
                  "invalid message format");
}

TEST(EmptyMessagesTest, CarryNothing) {
  std::string sync, flush, terminate, copy_done;
  AppendSync(&sync);
  AppendFlush(&flush);
  AppendTerminate(&terminate);
  AppendCopyDone(&copy_done);
  EXPECT_EQ(sync, Raw("S\0\0\0\4"));
  EXPECT_TRUE(ParseEmpty(Body(sync, 'S')).ok());
  EXPECT_TRUE(ParseEmpty(Body(flush, 'H')).ok());
  EXPECT_TRUE(ParseEmpty(Body(terminate, 'X')).ok());
  EXPECT_TRUE(ParseEmpty(Body(copy_done, 'c')).ok());
  ExpectViolation(ParseEmpty("x"), "invalid message format");
}

TEST(CopyTest, RoundTripAndDamage) {
  std::string data, fail;
  AppendCopyData(Raw("1\t\0\n"), &data);
  EXPECT_EQ(Body(data, 'd'), Raw("1\t\0\n"));
  AppendCopyFail("changed my mind", &fail);
  std::string_view reason;
  ASSERT_TRUE(ParseCopyFail(Body(fail, 'f'), &reason).ok());
  EXPECT_EQ(reason, "changed my mind");
  ExpectEveryCutFails(Body(fail, 'f'), [&](std::string_view body) {
    return ParseCopyFail(body, &reason);
  });
}

TEST(PasswordTest, RoundTripAndDamage) {
  std::string bytes;
  AppendPassword("secret", &bytes);
  std::string_view password;
  ASSERT_TRUE(ParsePassword(LoginBody(bytes), &password).ok());
  EXPECT_EQ(password, "secret");
  ExpectViolation(ParsePassword("secret", &password),
                  "invalid password packet size");
  ExpectViolation(ParsePassword(Raw("sec\0ret\0"), &password),
                  "invalid password packet size");
  ExpectViolation(ParsePassword("", &password), "invalid password packet size");
}

TEST(SaslInitialResponseTest, RoundTripAndDamage) {
  std::string bytes;
  AppendSaslInitialResponse("SCRAM-SHA-256", "n,,n=,r=abc", &bytes);
  const std::string_view body = LoginBody(bytes);
  SaslInitialResponse response;
  ASSERT_TRUE(ParseSaslInitialResponse(body, &response).ok());
  EXPECT_EQ(response.mechanism, "SCRAM-SHA-256");
  EXPECT_EQ(response.data, "n,,n=,r=abc");
  const auto parse = [&](std::string_view b) {
    return ParseSaslInitialResponse(b, &response);
  };
  ExpectEveryCutFails(body, parse);
  ExpectViolation(parse(Raw("M\0\0\0\0\1ab")), "invalid message format");
  ExpectViolation(parse(Raw("M\0\xff\xff\xff\xfe")),
                  "insufficient data left in message");
}

TEST(SaslInitialResponseTest, TellsNoDataFromEmptyData) {
  SaslInitialResponse response;
  ASSERT_TRUE(
      ParseSaslInitialResponse(Raw("M\0\xff\xff\xff\xff"), &response).ok());
  EXPECT_FALSE(response.data.has_value());
  ASSERT_TRUE(ParseSaslInitialResponse(Raw("M\0\0\0\0\0"), &response).ok());
  EXPECT_EQ(response.data, "");
}

TEST(SaslResponseTest, IsItsData) {
  std::string bytes;
  AppendSaslResponse("c=biws", &bytes);
  EXPECT_EQ(LoginBody(bytes), "c=biws");
}

}  // namespace
}  // namespace pgbraid::wire
