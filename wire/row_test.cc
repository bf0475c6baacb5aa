#include "wire/row.h"

#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

TEST(RowDescriptionTest, RoundTripAndDamage) {
  const RowDescription fields = {
      {"id", 16384, 1, 20, 8, -1, kBinaryFormat},
      {"", 0, 0, 1043, -1, 68, kTextFormat},
      TextField("plan"),
  };
  std::string bytes;
  AppendRowDescription(fields, &bytes);
  const std::string_view body = BodyOf(bytes, 'T', kBackendLimits);
  RowDescription parsed;
  ASSERT_TRUE(ParseRowDescription(body, &parsed).ok());
  EXPECT_EQ(parsed, fields);
  EXPECT_EQ(parsed[2].type, 25u);
  ExpectEveryCutFails(body, [&](std::string_view b) {
    return ParseRowDescription(b, &parsed);
  });
  ExpectViolation(ParseRowDescription(Raw("\0\0x"), &parsed),
                  "invalid message format");
  ExpectViolation(ParseRowDescription(Raw("\xff\xff"), &parsed),
                  "insufficient data left in message");
}

TEST(DataRowTest, RoundTripAndDamage) {
  const Values columns = {Value("1"), Value(), Value("")};
  std::string bytes;
  AppendDataRow(columns, &bytes);
  const std::string_view body = BodyOf(bytes, 'D', kBackendLimits);
  Values parsed;
  ASSERT_TRUE(ParseDataRow(body, &parsed).ok());
  EXPECT_EQ(parsed, columns);
  ExpectEveryCutFails(
      body, [&](std::string_view b) { return ParseDataRow(b, &parsed); });
  ExpectViolation(ParseDataRow(Raw("\0\0x"), &parsed),
                  "invalid message format");
}

TEST(DataRowTest, HoldsManyColumns) {
  const Values columns(1600, Value("x"));
  std::string bytes;
  AppendDataRow(columns, &bytes);
  Values parsed;
  ASSERT_TRUE(ParseDataRow(BodyOf(bytes, 'D', kBackendLimits), &parsed).ok());
  EXPECT_EQ(parsed.size(), 1600u);
}

}  // namespace
}  // namespace pgbraid::wire
