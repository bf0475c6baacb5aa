#include "wire/frame.h"

#include <string>

#include "wire/testing.h"
#include "wire/writer.h"

namespace pgbraid::wire {
namespace {

std::string Message(char type, std::string_view body) {
  std::string bytes;
  MessageWriter writer(&bytes);
  writer.Begin(type);
  writer.PutBytes(body);
  writer.End();
  return bytes;
}

TEST(FrameTest, GivesTypeBodyAndBytesOfTheFirstMessage) {
  const std::string input = Message('Q', Raw("select 1\0")) + Message('S', "");
  Frame frame;
  ASSERT_EQ(NextFrame(input, kFrontendLimits, &frame), FrameStatus::kComplete);
  EXPECT_EQ(frame.type, 'Q');
  EXPECT_EQ(frame.body, Raw("select 1\0"));
  EXPECT_EQ(frame.bytes, std::string_view(input).substr(0, 14));

  ASSERT_EQ(NextFrame(std::string_view(input).substr(frame.bytes.size()),
                      kFrontendLimits, &frame),
            FrameStatus::kComplete);
  EXPECT_EQ(frame.type, 'S');
  EXPECT_TRUE(frame.body.empty());
}

TEST(FrameTest, AsksForMoreWhereverAMessageIsCut) {
  const std::string input = Message('Q', Raw("select 1\0"));
  Frame frame;
  for (size_t size = 0; size < input.size(); ++size) {
    const std::string cut = input.substr(0, size);
    EXPECT_EQ(NextFrame(cut, kFrontendLimits, &frame), FrameStatus::kNeedMore)
        << size;
    EXPECT_EQ(BytesMissing(cut), size < kFrameHeaderBytes
                                     ? kFrameHeaderBytes - size
                                     : input.size() - size);
  }
  EXPECT_EQ(BytesMissing(input), 0u);
}

TEST(FrameTest, PeeksAtTheHeaderOfAMessageThatIsNotHereYet) {
  FrameHeader header;
  ASSERT_EQ(PeekHeader(Raw("d\x3f\xff\xff\xfe"), kFrontendLimits, &header),
            FrameStatus::kComplete);
  EXPECT_EQ(header.type, 'd');
  EXPECT_EQ(header.total, size_t{kLargeMessageLimit} + 1);
}

TEST(FrameTest, RefusesALengthThatDoesNotHoldItself) {
  Frame frame;
  for (const char low : {'\0', '\1', '\2', '\3'}) {
    const std::string input = std::string(Raw("Q\0\0\0")) + low;
    EXPECT_EQ(NextFrame(input, kFrontendLimits, &frame),
              FrameStatus::kMalformed);
    ExpectViolation(FrameError(input, kFrontendLimits),
                    "invalid message length");
  }
}

TEST(FrameTest, RefusesALengthPastTheLimitOfItsType) {
  Frame frame;
  EXPECT_EQ(NextFrame(Raw("Q\x3f\xff\xff\xff"), kFrontendLimits, &frame),
            FrameStatus::kMalformed);
  EXPECT_EQ(NextFrame(Raw("Q\xff\xff\xff\xff"), kFrontendLimits, &frame),
            FrameStatus::kMalformed);
  EXPECT_EQ(NextFrame(Raw("S\0\0\x27\x10"), kFrontendLimits, &frame),
            FrameStatus::kNeedMore);
  EXPECT_EQ(NextFrame(Raw("S\0\0\x27\x11"), kFrontendLimits, &frame),
            FrameStatus::kMalformed);
  EXPECT_EQ(NextFrame(Raw("Z\0\0\0\6"), kBackendLimits, &frame),
            FrameStatus::kMalformed);
}

TEST(FrameTest, AllowsLargeMessagesForWhatCarriesTextAndData) {
  for (const char type : std::string_view("QPBFd")) {
    EXPECT_EQ(kFrontendLimits.max_length[static_cast<uint8_t>(type)],
              kLargeMessageLimit);
  }
  for (const char type : std::string_view("CDEHSXcf")) {
    EXPECT_EQ(kFrontendLimits.max_length[static_cast<uint8_t>(type)],
              kSmallMessageLimit);
  }
}

TEST(FrameTest, RefusesAnUnknownTypeAtItsFirstByte) {
  Frame frame;
  for (int type = 0; type < 256; ++type) {
    const std::string input(1, static_cast<char>(type));
    const bool known =
        type != 0 &&
        std::string_view("QPBFdCDEHSXcf").find(static_cast<char>(type)) !=
            std::string_view::npos;
    EXPECT_EQ(NextFrame(input, kFrontendLimits, &frame),
              known ? FrameStatus::kNeedMore : FrameStatus::kMalformed)
        << type;
  }
  ExpectViolation(FrameError("A", kFrontendLimits),
                  "invalid frontend message type 65");
  ExpectViolation(FrameError("\xff", kBackendLimits),
                  "invalid backend message type 255");
}

TEST(FrameTest, TakesPasswordsOnlyDuringLogin) {
  Frame frame;
  const std::string password = Message('p', Raw("secret\0"));
  EXPECT_EQ(NextFrame(password, kFrontendLimits, &frame),
            FrameStatus::kMalformed);
  EXPECT_EQ(NextFrame(password, kFrontendLoginLimits, &frame),
            FrameStatus::kComplete);
  EXPECT_EQ(NextFrame(Message('Q', Raw("\0")), kFrontendLoginLimits, &frame),
            FrameStatus::kMalformed);
}

TEST(StartupFrameTest, CutsAPacketWithoutAType) {
  const std::string input(Raw("\0\0\0\x09\0\3\0\0\0"));
  Frame frame;
  for (size_t size = 0; size < input.size(); ++size) {
    EXPECT_EQ(NextStartupFrame(input.substr(0, size), &frame),
              FrameStatus::kNeedMore);
  }
  const std::string longer = input + "more";
  ASSERT_EQ(NextStartupFrame(longer, &frame), FrameStatus::kComplete);
  EXPECT_EQ(frame.type, 0);
  EXPECT_EQ(frame.bytes, input);
  EXPECT_EQ(frame.body, Raw("\0\3\0\0\0"));
}

TEST(StartupFrameTest, KeepsTheLengthWithinPostgresBounds) {
  Frame frame;
  EXPECT_EQ(NextStartupFrame(Raw("\0\0\0\7"), &frame), FrameStatus::kMalformed);
  EXPECT_EQ(NextStartupFrame(Raw("\0\0\0\x08"), &frame),
            FrameStatus::kNeedMore);
  EXPECT_EQ(NextStartupFrame(Raw("\0\0\x27\x14"), &frame),
            FrameStatus::kNeedMore);
  EXPECT_EQ(NextStartupFrame(Raw("\0\0\x27\x15"), &frame),
            FrameStatus::kMalformed);
  EXPECT_EQ(NextStartupFrame("GET / HTTP/1.1", &frame),
            FrameStatus::kMalformed);
  ExpectViolation(StartupFrameError(), "invalid length of startup packet");
}

}  // namespace
}  // namespace pgbraid::wire
