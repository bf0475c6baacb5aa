#include "wire/backend.h"

#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

std::string_view Body(std::string_view bytes, char type) {
  return BodyOf(bytes, type, kBackendLimits);
}

TEST(AuthenticationTest, RoundTripOfEachKind) {
  const struct {
    AuthenticationCode code;
    std::string_view data;
  } kCases[] = {
      {AuthenticationCode::kOk, ""},
      {AuthenticationCode::kCleartextPassword, ""},
      {AuthenticationCode::kMd5Password, "salt"},
      {AuthenticationCode::kSasl, Raw("SCRAM-SHA-256\0\0")},
      {AuthenticationCode::kSaslContinue, "r=abc"},
      {AuthenticationCode::kSaslFinal, "v=abc"},
  };
  for (const auto& test : kCases) {
    std::string bytes;
    AppendAuthentication(test.code, test.data, &bytes);
    Authentication parsed;
    ASSERT_TRUE(ParseAuthentication(Body(bytes, 'R'), &parsed).ok());
    EXPECT_EQ(parsed.code, test.code);
    EXPECT_EQ(parsed.data, test.data);
  }
}

TEST(AuthenticationTest, RefusesDataThatDoesNotFitItsKind) {
  Authentication parsed;
  ExpectViolation(ParseAuthentication("abc", &parsed),
                  "insufficient data left in message");
  ExpectViolation(ParseAuthentication(Raw("\0\0\0\0x"), &parsed),
                  "invalid message format");
  ExpectViolation(ParseAuthentication(Raw("\0\0\0\5abc"), &parsed),
                  "invalid message format");
  ExpectViolation(ParseAuthentication(Raw("\0\0\0\x0aSCRAM-SHA-256"), &parsed),
                  "invalid string in message");
  ExpectViolation(
      ParseAuthentication(Raw("\0\0\0\x0aSCRAM-SHA-256\0"), &parsed),
      "invalid string in message");
  ExpectViolation(ParseAuthentication(Raw("\0\0\0\x0a\0x"), &parsed),
                  "invalid message format");
}

TEST(AuthenticationTest, ListsMechanisms) {
  const std::string_view mechanisms[] = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"};
  std::string bytes;
  AppendAuthenticationSasl(mechanisms, &bytes);
  Authentication parsed;
  ASSERT_TRUE(ParseAuthentication(Body(bytes, 'R'), &parsed).ok());
  EXPECT_TRUE(OffersMechanism(parsed.data, "SCRAM-SHA-256"));
  EXPECT_TRUE(OffersMechanism(parsed.data, "SCRAM-SHA-256-PLUS"));
  EXPECT_FALSE(OffersMechanism(parsed.data, "SCRAM-SHA"));
  EXPECT_FALSE(OffersMechanism(parsed.data, ""));
}

TEST(AuthenticationTest, SaysOkAsPostgresDoes) {
  std::string bytes;
  AppendAuthenticationOk(&bytes);
  EXPECT_EQ(bytes, Raw("R\0\0\0\x08\0\0\0\0"));
}

TEST(ParameterStatusTest, RoundTripAndDamage) {
  std::string bytes;
  AppendParameterStatus("client_encoding", "UTF8", &bytes);
  const std::string_view body = Body(bytes, 'S');
  ParameterStatus parsed;
  ASSERT_TRUE(ParseParameterStatus(body, &parsed).ok());
  EXPECT_EQ(parsed.name, "client_encoding");
  EXPECT_EQ(parsed.value, "UTF8");
  ExpectEveryCutFails(body, [&](std::string_view b) {
    return ParseParameterStatus(b, &parsed);
  });
}

TEST(BackendKeyDataTest, TakesShortAndLongKeys) {
  for (const size_t size : {4, 32, 256}) {
    const std::string key(size, '\xee');
    std::string bytes;
    AppendBackendKeyData({4711, key}, &bytes);
    BackendKeyData parsed;
    ASSERT_TRUE(ParseBackendKeyData(Body(bytes, 'K'), &parsed).ok());
    EXPECT_EQ(parsed.process, 4711u);
    EXPECT_EQ(parsed.key, key);
  }
  BackendKeyData parsed;
  ExpectEveryCutFails(Raw("\0\0\0\1keyy"), [&](std::string_view body) {
    return ParseBackendKeyData(body, &parsed);
  });
  ExpectViolation(ParseBackendKeyData(std::string(4 + 257, 'k'), &parsed),
                  "invalid message format");
}

TEST(ReadyForQueryTest, RoundTripAndDamage) {
  for (const TransactionStatus status :
       {TransactionStatus::kIdle, TransactionStatus::kInTransaction,
        TransactionStatus::kFailed}) {
    std::string bytes;
    AppendReadyForQuery(status, &bytes);
    TransactionStatus parsed;
    ASSERT_TRUE(ParseReadyForQuery(Body(bytes, 'Z'), &parsed).ok());
    EXPECT_EQ(parsed, status);
  }
  TransactionStatus parsed;
  ExpectViolation(ParseReadyForQuery("", &parsed), "invalid message format");
  ExpectViolation(ParseReadyForQuery("II", &parsed), "invalid message format");
  ExpectViolation(ParseReadyForQuery("X", &parsed), "invalid message format");
}

TEST(CommandCompleteTest, RoundTripAndDamage) {
  std::string bytes;
  AppendCommandComplete("INSERT 0 3", &bytes);
  const std::string_view body = Body(bytes, 'C');
  std::string_view tag;
  ASSERT_TRUE(ParseCommandComplete(body, &tag).ok());
  EXPECT_EQ(tag, "INSERT 0 3");
  ExpectEveryCutFails(
      body, [&](std::string_view b) { return ParseCommandComplete(b, &tag); });
}

TEST(NegotiateProtocolVersionTest, RoundTripAndDamage) {
  NegotiateProtocolVersion message;
  message.options = {"_pq_.one", "_pq_.two"};
  std::string bytes;
  AppendNegotiateProtocolVersion(message, &bytes);
  const std::string_view body = Body(bytes, 'v');
  NegotiateProtocolVersion parsed;
  ASSERT_TRUE(ParseNegotiateProtocolVersion(body, &parsed).ok());
  EXPECT_EQ(parsed.version, kProtocol30);
  EXPECT_EQ(parsed.options, message.options);
  const auto parse = [&](std::string_view b) {
    return ParseNegotiateProtocolVersion(b, &parsed);
  };
  ExpectEveryCutFails(body, parse);
  ExpectViolation(parse(Raw("\0\3\0\0\xff\xff\xff\xff")),
                  "invalid string in message");
}

TEST(NotificationTest, RoundTripAndDamage) {
  std::string bytes;
  AppendNotification({99, "jobs", "new"}, &bytes);
  const std::string_view body = Body(bytes, 'A');
  Notification parsed;
  ASSERT_TRUE(ParseNotification(body, &parsed).ok());
  EXPECT_EQ(parsed.process, 99u);
  EXPECT_EQ(parsed.channel, "jobs");
  EXPECT_EQ(parsed.payload, "new");
  ExpectEveryCutFails(
      body, [&](std::string_view b) { return ParseNotification(b, &parsed); });
}

TEST(CopyResponseTest, RoundTripAndDamage) {
  for (const char type : {'G', 'H', 'W'}) {
    std::string bytes;
    AppendCopyResponse(type, {1, FormatList(Raw("\0\1\0\1"))}, &bytes);
    const std::string_view body = Body(bytes, type);
    CopyResponse parsed;
    ASSERT_TRUE(ParseCopyResponse(body, &parsed).ok());
    EXPECT_EQ(parsed.format, 1);
    ASSERT_EQ(parsed.columns.size(), 2u);
    EXPECT_EQ(parsed.columns[1], kBinaryFormat);
    ExpectEveryCutFails(body, [&](std::string_view b) {
      return ParseCopyResponse(b, &parsed);
    });
  }
}

TEST(ParameterDescriptionTest, RoundTripAndDamage) {
  const Oid types[] = {23, 25, 4000000000u};
  std::string bytes;
  AppendParameterDescription(types, &bytes);
  const std::string_view body = Body(bytes, 't');
  OidList parsed;
  ASSERT_TRUE(ParseParameterDescription(body, &parsed).ok());
  ASSERT_EQ(parsed.size(), 3u);
  EXPECT_EQ(parsed[2], 4000000000u);
  ExpectEveryCutFails(body, [&](std::string_view b) {
    return ParseParameterDescription(b, &parsed);
  });
}

TEST(EmptyMessageTest, IsAHeaderAlone) {
  for (const char type : std::string_view("123nIsc")) {
    std::string bytes;
    AppendEmpty(type, &bytes);
    EXPECT_TRUE(Body(bytes, type).empty());
  }
}

}  // namespace
}  // namespace pgbraid::wire
