#include "wire/startup.h"

#include <string>

#include "wire/backend.h"
#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

std::string_view StartupBody(std::string_view bytes) {
  Frame frame;
  EXPECT_EQ(NextStartupFrame(bytes, &frame), FrameStatus::kComplete);
  EXPECT_EQ(frame.bytes.size(), bytes.size());
  return frame.body;
}

TEST(StartupTest, ReadsBackWhatItWrites) {
  const StartupParameter parameters[] = {
      {"user", "ann"}, {"database", "app"}, {"application_name", ""}};
  std::string bytes;
  AppendStartup(parameters, &bytes);
  const std::string_view body = StartupBody(bytes);
  EXPECT_EQ(StartupKindOf(body), StartupKind::kStartup);
  StartupPacket packet;
  ASSERT_TRUE(ParseStartup(body, &packet).ok());
  EXPECT_EQ(packet.version, kProtocol30);
  EXPECT_EQ(packet.user(), "ann");
  EXPECT_EQ(packet.database(), "app");
  ASSERT_EQ(packet.parameters.size(), 3u);
  EXPECT_EQ(packet.parameters[2], StartupParameter("application_name", ""));
  EXPECT_FALSE(packet.needs_negotiation());
}

TEST(StartupTest, NamesTheDatabaseAfterTheUserIfNoneIsGiven) {
  StartupPacket packet;
  ASSERT_TRUE(ParseStartup(Raw("\0\3\0\0user\0ann\0\0"), &packet).ok());
  EXPECT_EQ(packet.database(), "ann");
}

TEST(StartupTest, TakesTheLastOfAParameterGivenTwice) {
  StartupPacket packet;
  ASSERT_TRUE(
      ParseStartup(Raw("\0\3\0\0user\0ann\0user\0bob\0\0"), &packet).ok());
  EXPECT_EQ(packet.user(), "bob");
}

// The expected bytes are PostgreSQL 15's answers to the same packets.
TEST(StartupTest, NegotiatesANewerMinorVersionAsPostgresDoes) {
  StartupPacket packet;
  ASSERT_TRUE(ParseStartup(Raw("\0\3\x27\x0fuser\0ann\0\0"), &packet).ok());
  ASSERT_TRUE(packet.needs_negotiation());
  std::string answer;
  AppendNegotiation(packet, &answer);
  EXPECT_EQ(answer, Raw("v\0\0\0\x0c\0\3\0\0\0\0\0\0"));
}

TEST(StartupTest, NegotiatesUnknownProtocolOptionsAsPostgresDoes) {
  StartupPacket packet;
  ASSERT_TRUE(
      ParseStartup(Raw("\0\3\0\0_pq_.foo\0bar\0user\0ann\0\0"), &packet).ok());
  EXPECT_EQ(packet.parameters.size(), 1u);
  ASSERT_TRUE(packet.needs_negotiation());
  std::string answer;
  AppendNegotiation(packet, &answer);
  EXPECT_EQ(answer, Raw("v\0\0\0\x15\0\3\0\0\0\0\0\1_pq_.foo\0"));
}

TEST(StartupTest, RefusesOtherMajorVersions) {
  StartupPacket packet;
  ExpectError(ParseStartup(Raw("\0\2\0\0user\0ann\0\0"), &packet),
              sqlstate::kFeatureNotSupported,
              "unsupported frontend protocol 2.0: server supports 3.0 to 3.0");
  ExpectError(ParseStartup(Raw("\0\4\0\1user\0ann\0\0"), &packet),
              sqlstate::kFeatureNotSupported,
              "unsupported frontend protocol 4.1: server supports 3.0 to 3.0");
}

TEST(StartupTest, WantsItsTerminatorAsTheLastByte) {
  constexpr std::string_view kMessage =
      "invalid startup packet layout: expected terminator as last byte";
  StartupPacket packet;
  ExpectViolation(ParseStartup(Raw("\0\3\0\0"), &packet), kMessage);
  ExpectViolation(ParseStartup(Raw("\0\3\0\0user\0ann\0"), &packet), kMessage);
  ExpectViolation(ParseStartup(Raw("\0\3\0\0user\0ann\0\0x"), &packet),
                  kMessage);
  ExpectViolation(ParseStartup(Raw("\0\3\0\0user\0"), &packet), kMessage);
  ExpectEveryCutFails(
      Raw("\0\3\0\0user\0ann\0database\0app\0\0"),
      [&](std::string_view body) { return ParseStartup(body, &packet); });
}

TEST(StartupTest, WantsAUser) {
  constexpr std::string_view kMessage =
      "no PostgreSQL user name specified in startup packet";
  StartupPacket packet;
  ExpectError(ParseStartup(Raw("\0\3\0\0\0"), &packet),
              sqlstate::kInvalidAuthorization, kMessage);
  ExpectError(ParseStartup(Raw("\0\3\0\0user\0\0\0"), &packet),
              sqlstate::kInvalidAuthorization, kMessage);
}

TEST(StartupTest, TellsRequestsApart) {
  EXPECT_EQ(StartupKindOf(Raw("\x04\xd2\x16\x2e")),
            StartupKind::kCancelRequest);
  EXPECT_EQ(StartupKindOf(Raw("\x04\xd2\x16\x2f")), StartupKind::kSslRequest);
  EXPECT_EQ(StartupKindOf(Raw("\x04\xd2\x16\x30")),
            StartupKind::kGssEncRequest);
  std::string ssl;
  AppendSslRequest(&ssl);
  EXPECT_EQ(StartupKindOf(StartupBody(ssl)), StartupKind::kSslRequest);
}

TEST(ReplicationTest, IsReadAsPostgresqlReadsIt) {
  const auto read = [](std::string_view value) {
    StartupPacket packet;
    packet.parameters.emplace_back("user", "u");
    packet.parameters.emplace_back("replication", value);
    return ReplicationOf(packet);
  };
  EXPECT_EQ(*ReplicationOf(StartupPacket()), Replication::kNone);
  EXPECT_EQ(*read("database"), Replication::kLogical);
  for (const char* yes : {"true", "t", "TRUE", "on", "On", "yes", "y", "1"}) {
    EXPECT_EQ(*read(yes), Replication::kPhysical) << yes;
  }
  for (const char* no : {"false", "f", "off", "of", "no", "n", "0"}) {
    EXPECT_EQ(*read(no), Replication::kNone) << no;
  }
  for (const char* bad : {"", "o", "Database", "2", "truee", "maybe"}) {
    const auto answer = read(bad);
    ASSERT_FALSE(answer.ok()) << bad;
    EXPECT_EQ(SqlStateOf(answer.status()), "22023");
    EXPECT_NE(MessageOf(answer.status()).find("\"replication\""),
              std::string::npos);
  }
}

TEST(CancelRequestTest, ReadsBackKeysOfAllLengths) {
  for (const size_t size : {4, 5, 32, 256}) {
    const std::string key(size, '\x9f');
    std::string bytes;
    AppendCancelRequest({77, key}, &bytes);
    CancelRequest request;
    ASSERT_TRUE(ParseCancelRequest(StartupBody(bytes), &request).ok()) << size;
    EXPECT_EQ(request.process, 77u);
    EXPECT_EQ(request.key, key);
  }
}

TEST(CancelRequestTest, RefusesKeysThatAreTooShortOrTooLong) {
  CancelRequest request;
  for (const size_t size : {0, 3, 257}) {
    std::string bytes;
    AppendCancelRequest({77, std::string(size, 'k')}, &bytes);
    ExpectViolation(ParseCancelRequest(StartupBody(bytes), &request),
                    "invalid length of cancel request");
  }
  ExpectViolation(ParseCancelRequest(Raw("\x04\xd2\x16\x2e"), &request),
                  "invalid length of cancel request");
}

}  // namespace
}  // namespace pgbraid::wire
