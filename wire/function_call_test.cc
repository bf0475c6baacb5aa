#include "wire/function_call.h"

#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

TEST(FunctionCallTest, RoundTripAndDamage) {
  FunctionCall call;
  call.function = 1598;
  call.formats = FormatList(Raw("\0\1\0\0"));
  call.arguments = {Value("abc"), Value()};
  call.result_format = kBinaryFormat;
  std::string bytes;
  AppendFunctionCall(call, &bytes);
  const std::string_view body = BodyOf(bytes, 'F', kFrontendLimits);
  FunctionCall parsed;
  ASSERT_TRUE(ParseFunctionCall(body, &parsed).ok());
  EXPECT_EQ(parsed.function, 1598u);
  EXPECT_EQ(parsed.formats.FormatOf(0), kBinaryFormat);
  EXPECT_EQ(parsed.arguments, call.arguments);
  EXPECT_EQ(parsed.result_format, kBinaryFormat);
  ExpectEveryCutFails(
      body, [&](std::string_view b) { return ParseFunctionCall(b, &parsed); });
}

TEST(FunctionCallTest, CountsFormatsAgainstArguments) {
  FunctionCall call;
  ExpectViolation(
      ParseFunctionCall(Raw("\0\0\0\1\0\2\0\0\0\0\0\1\xff\xff\xff\xff\0\0"),
                        &call),
      "function call message contains 2 argument formats but 1 arguments");
  EXPECT_TRUE(
      ParseFunctionCall(
          Raw("\0\0\0\1\0\1\0\1\0\2\xff\xff\xff\xff\xff\xff\xff\xff\0\0"),
          &call)
          .ok());
}

}  // namespace
}  // namespace pgbraid::wire
