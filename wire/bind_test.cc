#include "wire/bind.h"

#include "wire/protocol.h"
#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

// Portal "p", statement "s", formats {1, 0}, values {00 00 00 07, NULL},
// results in {1}.
constexpr char kBody[] =
    "p\0s\0"
    "\0\2\0\1\0\0"
    "\0\2\0\0\0\4\0\0\0\7\xff\xff\xff\xff"
    "\0\1\0\1";

TEST(BindTest, GivesNamesFormatsAndValues) {
  BindMessage message;
  ASSERT_TRUE(ParseBind(Raw(kBody), &message).ok());
  EXPECT_EQ(message.portal, "p");
  EXPECT_EQ(message.statement, "s");
  EXPECT_EQ(message.FormatOf(0), kBinaryFormat);
  EXPECT_EQ(message.FormatOf(1), kTextFormat);
  ASSERT_EQ(message.values.size(), 2u);
  EXPECT_EQ(message.values[0], Raw("\0\0\0\7"));
  EXPECT_FALSE(message.values[1].has_value());
  ASSERT_EQ(message.result_formats.size(), 1u);
  EXPECT_EQ(message.result_formats.FormatOf(5), kBinaryFormat);
}

TEST(BindTest, TellsNullFromEmpty) {
  BindMessage message;
  ASSERT_TRUE(
      ParseBind(Raw("\0\0\0\0\0\2\0\0\0\0\xff\xff\xff\xff\0\0"), &message)
          .ok());
  EXPECT_EQ(message.values[0], "");
  EXPECT_EQ(message.values[1], std::nullopt);
  EXPECT_EQ(message.FormatOf(1), kTextFormat);
}

TEST(BindTest, FailsWhereverItIsCut) {
  BindMessage message;
  ExpectEveryCutFails(Raw(kBody), [&](std::string_view body) {
    return ParseBind(body, &message);
  });
}

TEST(BindTest, RefusesEachKindOfDamage) {
  BindMessage message;
  ExpectViolation(ParseBind("ps", &message), "invalid string in message");
  ExpectViolation(ParseBind(Raw("\0\0\0\0\xff\xff"), &message),
                  "insufficient data left in message");
  // A value of -2 bytes, and one that runs past the end.
  ExpectViolation(ParseBind(Raw("\0\0\0\0\0\1\xff\xff\xff\xfe\0\0"), &message),
                  "insufficient data left in message");
  ExpectViolation(ParseBind(Raw("\0\0\0\0\0\1\x7f\xff\xff\xff\0\0"), &message),
                  "insufficient data left in message");
  ExpectViolation(ParseBind(Raw("\0\0\0\0\0\0\0\0x"), &message),
                  "invalid message format");
  ExpectViolation(
      ParseBind(Raw("\0\0\0\2\0\0\0\0\0\1\xff\xff\xff\xff\0\0"), &message),
      "bind message has 2 parameter formats but 1 parameters");
}

TEST(BindTest, TakesAsManyParametersAsTheProtocolCanCount) {
  Values values(65535, std::string_view("7"));
  std::string bytes;
  AppendTextBind("", "s", values, &bytes);
  BindMessage message;
  ASSERT_TRUE(ParseBind(BodyOf(bytes, 'B', kFrontendLimits), &message).ok());
  EXPECT_EQ(message.values.size(), 65535u);
  EXPECT_EQ(message.values.back(), "7");
}

TEST(BindTest, ForgetsTheValuesOfThePreviousMessage) {
  BindMessage message;
  ASSERT_TRUE(ParseBind(Raw(kBody), &message).ok());
  ASSERT_TRUE(
      ParseBind(Raw("\0\0\0\0\0\1\xff\xff\xff\xff\0\0"), &message).ok());
  ASSERT_EQ(message.values.size(), 1u);
  EXPECT_FALSE(message.values[0].has_value());
}

TEST(BindTest, CanBeSentOnWithAnotherStatement) {
  BindMessage message;
  ASSERT_TRUE(ParseBind(Raw(kBody), &message).ok());
  std::string bytes;
  AppendBind(message.portal, "global_17", message.rest, &bytes);
  BindMessage renamed;
  ASSERT_TRUE(ParseBind(BodyOf(bytes, 'B', kFrontendLimits), &renamed).ok());
  EXPECT_EQ(renamed.portal, "p");
  EXPECT_EQ(renamed.statement, "global_17");
  EXPECT_EQ(renamed.values, message.values);
  EXPECT_EQ(renamed.rest, message.rest);
}

TEST(BindTest, CanBeRenamedBeforeItsValuesAreHere) {
  const std::string_view body = Raw(kBody);
  BindMessage whole;
  ASSERT_TRUE(ParseBind(body, &whole).ok());
  EXPECT_EQ(whole.value_count, whole.values.size());
  BindMessage part;
  EXPECT_FALSE(ParseBindPrefix(body.substr(0, 3), &part));
  size_t seen = 0;
  for (size_t size = 4; size <= body.size(); ++size) {
    if (!ParseBindPrefix(body.substr(0, size), &part)) continue;
    EXPECT_EQ(part.portal, "p");
    EXPECT_EQ(part.statement, "s");
    EXPECT_EQ(part.value_count, whole.values.size());
    ASSERT_GE(part.values.size(), seen);
    seen = part.values.size();
    for (size_t i = 0; i < seen; ++i)
      EXPECT_EQ(part.values[i], whole.values[i]);
  }
  EXPECT_EQ(seen, whole.values.size());

  std::string head, renamed;
  AppendBindHead(part.portal, "other", whole.rest.size(), &head);
  AppendBind(part.portal, "other", whole.rest, &renamed);
  EXPECT_EQ(head + std::string(whole.rest), renamed);
}

TEST(BindTest, ABeginningEndsAtABrokenSize) {
  // Two values: the first is whole, the second says -2.
  BindMessage part;
  ASSERT_TRUE(
      ParseBindPrefix(Raw("\0\0\0\0\0\2\0\0\0\1a\xff\xff\xff\xfe"), &part));
  EXPECT_EQ(part.value_count, 2u);
  ASSERT_EQ(part.values.size(), 1u);
  EXPECT_EQ(part.values[0], "a");
}

}  // namespace
}  // namespace pgbraid::wire
