// What topology/ reads as a key's value, PostgreSQL reads as the same value:
// literals and parameters of every type, cast to every type, canonical or
// almost, under many settings.

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tests/integration/key_hash/live_database.h"
#include "tests/integration/key_hash/random_keys.h"
#include "topology/key_parse.h"

namespace pgbraid {
namespace {

using topology::KeyColumn;
using topology::KeyContext;
using topology::KeyType;
using topology::Literal;
using topology::LiteralForm;
using topology::NameOf;
using topology::ParsedKey;

constexpr uint64_t kSeed = 20000103;
constexpr int kTexts = 1'500;  // for each pair of types and each settings
constexpr KeyType kTypes[] = {
    KeyType::kInt2, KeyType::kInt4,      KeyType::kInt8,
    KeyType::kText, KeyType::kVarchar,   KeyType::kUuid,
    KeyType::kDate, KeyType::kTimestamp, KeyType::kTimestamptz};

struct Settings {
  const char* time_zone;
  const char* date_style;
  const char* abbreviations;
};

void PrintTo(const Settings& settings, std::ostream* out) {
  *out << settings.time_zone << ", " << settings.date_style;
}

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned char c : bytes) {
    hex += kDigits[c >> 4];
    hex += kDigits[c & 15];
  }
  return hex;
}

std::string UnHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(
        std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// The value as SQL of the same name prints it.
std::string Printed(const ParsedKey& parsed) {
  return parsed.value.is_int() ? std::to_string(parsed.value.as_int())
                               : Hex(parsed.value.as_bytes());
}

// SQL that prints an expression of the type as Printed() does.
std::string PrintSql(KeyType type, const std::string& expression) {
  switch (type) {
    case KeyType::kInt2:
    case KeyType::kInt4:
    case KeyType::kInt8:
      return "(" + expression + ")::int8::text";
    case KeyType::kText:
    case KeyType::kVarchar:
      return "encode(convert_to((" + expression + "), 'UTF8'), 'hex')";
    case KeyType::kUuid:
      return "encode(uuid_send(" + expression + "), 'hex')";
    case KeyType::kDate:
      return "((" + expression + ") - date '2000-01-01')::text";
    case KeyType::kTimestamp:
    case KeyType::kTimestamptz:
      return "trim_scale((extract(epoch FROM (" + expression +
             ")) - 946684800) * 1000000)::text";
  }
  return "";
}

std::string SqlType(const KeyColumn& column) {
  std::string name(NameOf(column.type));
  if (column.typmod < 0) return name;
  int modifier =
      column.type == KeyType::kVarchar ? column.typmod - 4 : column.typmod;
  return name + "(" + std::to_string(modifier) + ")";
}

// PostgreSQL refuses a number beyond the type that it is cast to; there is
// nothing to compare then.
bool FitsIn(KeyType type, const ParsedKey& parsed) {
  if (!topology::IsInteger(type)) return true;
  return topology::FromTextParameter({.type = type}, OidOf(type),
                                     Printed(parsed), {})
      .has_value();
}

class ReadingProof : public testing::TestWithParam<Settings> {
 protected:
  void SetUp() override {
    database_.Query("SET TimeZone = '" + std::string(GetParam().time_zone) +
                    "'");
    database_.Query("SET DateStyle = '" + std::string(GetParam().date_style) +
                    "'");
    database_.Query("SET timezone_abbreviations = '" +
                    std::string(GetParam().abbreviations) + "'");
    std::string zone =
        database_.Query("SHOW TimeZone").at(0).at(0).as<std::string>();
    context_ = {.utf8 = true, .utc = topology::IsUtcTimeZone(zone)};
    database_.Query("CREATE TEMP TABLE staged (t text, printed text)");
  }

  // Reads random texts as `from` for the column and has PostgreSQL check what
  // is accepted. The number accepted.
  int Check(const KeyColumn& column, KeyType from) {
    std::vector<LiveDatabase::Row> accepted;
    for (int i = 0; i < kTexts; ++i) {
      std::string text = keys_.Near(from);
      ParsedKey parsed = Read(column, from, text);
      if (parsed.has_value() && FitsIn(from, parsed)) {
        accepted.push_back({text, Printed(parsed)});
      }
    }
    database_.Query("TRUNCATE staged");
    database_.Fill("staged", accepted);
    std::string cast = "t::" + std::string(NameOf(from));
    std::string stored = cast + "::" + SqlType(column);
    std::string printed = PrintSql(column.type, stored);
    // Equal as stored, and in the comparison that the text was written in.
    pqxx::result wrong = database_.Query(
        "SELECT t, printed, " + printed + " FROM staged WHERE printed IS " +
        "DISTINCT FROM " + printed + " OR (" + stored + " = " + cast +
        ") IS NOT TRUE LIMIT 5");
    for (const auto& row : wrong) {
      ADD_FAILURE() << NameOf(from) << " " << row[0].c_str() << " for "
                    << SqlType(column) << ": read as " << row[1].c_str()
                    << ", PostgreSQL: " << row[2].c_str();
    }
    return static_cast<int>(accepted.size());
  }

  // As a literal with and without its cast, and as a parameter: all agree.
  ParsedKey Read(const KeyColumn& column, KeyType from,
                 const std::string& text) {
    Literal literal{.form = LiteralForm::kString,
                    .text = text,
                    .negated = false,
                    .cast = NameOf(from)};
    ParsedKey parsed = topology::FromLiteral(column, literal, context_);
    ParsedKey parameter =
        topology::FromTextParameter(column, OidOf(from), text, context_);
    EXPECT_EQ(parsed.outcome, parameter.outcome) << text;
    EXPECT_EQ(parsed.value, parameter.value) << text;
    if (from == column.type) {
      literal.cast = {};
      ParsedKey plain = topology::FromLiteral(column, literal, context_);
      EXPECT_EQ(parsed.outcome, plain.outcome) << text;
      EXPECT_EQ(parsed.value, plain.value) << text;
    }
    return parsed;
  }

  LiveDatabase database_;
  RandomKeys keys_{kSeed};
  KeyContext context_;
};

TEST_P(ReadingProof, WhatIsReadIsWhatPostgresReads) {
  for (KeyType to : kTypes) {
    for (KeyType from : kTypes) {
      bool comparable = SameFamily(to, from) || (topology::IsTemporal(to) &&
                                                 topology::IsTemporal(from));
      if (!comparable) continue;
      int accepted = Check({.type = to}, from);
      // Canonical texts are a third of all; the zone decides between times
      // with and without one.
      bool zone_matters =
          from == KeyType::kTimestamptz || to == KeyType::kTimestamptz;
      if (context_.utc || !zone_matters) {
        EXPECT_GT(accepted, kTexts / 25) << NameOf(from) << NameOf(to);
      }
      if (to == from) {
        EXPECT_GT(accepted, kTexts / 5) << NameOf(from);
      }
    }
  }
}

TEST_P(ReadingProof, WhatTheColumnWouldChangeIsNotRead) {
  for (int32_t precision : {0, 1, 3, 6}) {
    for (KeyType type : {KeyType::kTimestamp, KeyType::kTimestamptz}) {
      EXPECT_GT(Check({.type = type, .typmod = precision}, type), 0);
    }
  }
  for (int32_t length : {1, 5, 20}) {
    KeyColumn column{.type = KeyType::kVarchar, .typmod = length + 4};
    EXPECT_GT(Check(column, KeyType::kText), 0);
    EXPECT_GT(Check(column, KeyType::kVarchar), 0);
  }
}

// Digits that stand in the text without quotes, and numbers that no row has.
TEST_P(ReadingProof, NumbersCompareAsPostgresComparesThem) {
  struct Type {
    KeyType type;
    std::string low, high;
  };
  const Type kIntegers[] = {
      {KeyType::kInt2, "-32768", "32767"},
      {KeyType::kInt4, "-2147483648", "2147483647"},
      {KeyType::kInt8, "-9223372036854775808", "9223372036854775807"}};
  std::map<ParsedKey::Outcome, int> seen;
  for (const Type& type : kIntegers) {
    std::string name(NameOf(type.type));
    std::string all = "SELECT true";
    for (int i = 0; i < 500; ++i) {
      std::string digits = keys_.Canonical(kTypes[keys_.Number(0, 2)]);
      bool negated = digits[0] == '-';
      if (negated) digits.erase(0, 1);
      if (keys_.OneIn(5)) digits = "9" + digits + digits;
      if (keys_.OneIn(5)) digits = "00" + digits;
      ParsedKey parsed = topology::FromLiteral(
          {.type = type.type},
          {.form = LiteralForm::kInteger, .text = digits, .negated = negated},
          context_);
      ++seen[parsed.outcome];
      std::string literal = (negated ? "-" : "") + digits;
      switch (parsed.outcome) {
        case ParsedKey::Outcome::kValue:
          all += "\n AND '" + Printed(parsed) + "'::" + name + " = " + literal;
          break;
        case ParsedKey::Outcome::kAboveAll:
          all += "\n AND '" + type.high + "'::" + name + " < " + literal;
          break;
        case ParsedKey::Outcome::kBelowAll:
          all += "\n AND '" + type.low + "'::" + name + " > " + literal;
          break;
        case ParsedKey::Outcome::kNotProvable:
          ADD_FAILURE() << literal;
      }
    }
    EXPECT_TRUE(database_.Query(all).at(0).at(0).as<bool>()) << name;
  }
  EXPECT_GT(seen[ParsedKey::Outcome::kValue], 500);
  EXPECT_GT(seen[ParsedKey::Outcome::kAboveAll], 50);
  EXPECT_GT(seen[ParsedKey::Outcome::kBelowAll], 50);
}

// What a driver sends in binary format is what PostgreSQL's own send functions
// make of the value.
TEST_P(ReadingProof, BinaryFormatsAreThoseOfPostgres) {
  const std::map<KeyType, std::string> kSend = {
      {KeyType::kInt2, "int2send"},
      {KeyType::kInt4, "int4send"},
      {KeyType::kInt8, "int8send"},
      {KeyType::kText, "textsend"},
      {KeyType::kVarchar, "varcharsend"},
      {KeyType::kUuid, "uuid_send"},
      {KeyType::kDate, "date_send"},
      {KeyType::kTimestamp, "timestamp_send"},
      {KeyType::kTimestamptz, "timestamptz_send"}};
  for (const auto& [type, send] : kSend) {
    std::vector<LiveDatabase::Row> rows;
    for (int i = 0; i < kTexts; ++i)
      rows.push_back({keys_.Canonical(type), ""});
    database_.Query("TRUNCATE staged");
    database_.Fill("staged", rows);
    std::string value = "t::" + std::string(NameOf(type));
    pqxx::result sent =
        database_.Query("SELECT t, encode(" + send + "(" + value +
                        "), 'hex'), " + PrintSql(type, value) + " FROM staged");
    ASSERT_EQ(sent.size(), rows.size());
    for (const auto& row : sent) {
      std::string bytes = UnHex(row[1].as<std::string>());
      for (topology::Oid declared : {topology::Oid{0}, OidOf(type)}) {
        ParsedKey parsed = topology::FromBinaryParameter(
            {.type = type}, declared, bytes, context_);
        ASSERT_TRUE(parsed.has_value()) << row[0].c_str();
        ASSERT_EQ(Printed(parsed), row[2].as<std::string>()) << row[0].c_str();
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Settings, ReadingProof,
    testing::Values(Settings{"UTC", "ISO, MDY", "Default"},
                    Settings{"Etc/UTC", "Postgres, DMY", "Australia"},
                    Settings{"Europe/Berlin", "German, DMY", "Default"},
                    Settings{"America/New_York", "SQL, MDY", "India"},
                    Settings{"Asia/Kolkata", "ISO, YMD", "Default"},
                    Settings{"GMT", "SQL, DMY", "Default"}));

}  // namespace
}  // namespace pgbraid
