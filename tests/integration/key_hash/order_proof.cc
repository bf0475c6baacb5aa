// What ranges and time intervals stand on: key values compare as PostgreSQL
// compares them, and instants lie in the interval that its calendar gives.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/integration/key_hash/live_database.h"
#include "tests/integration/key_hash/random_keys.h"
#include "topology/key_parse.h"
#include "topology/time_buckets.h"

namespace pgbraid {
namespace {

using topology::KeyType;
using topology::KeyValue;
using topology::ParsedKey;
using topology::TimeInterval;

constexpr uint64_t kSeed = 20000102;
constexpr int kPairs = 5'000;  // of each type

class OrderProof : public testing::TestWithParam<KeyType> {
 protected:
  KeyValue Read(const std::string& text) {
    ParsedKey parsed = topology::FromTextParameter(
        {.type = GetParam()}, 0, text, {.utf8 = true, .utc = true});
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed.value;
  }

  LiveDatabase database_;
  RandomKeys keys_{kSeed};
};

TEST_P(OrderProof, ValuesCompareAsInPostgres) {
  std::string type(topology::NameOf(GetParam()));
  bool is_text = topology::IsText(GetParam());
  std::string column = type + (is_text ? " COLLATE \"C\"" : "");
  database_.Query("CREATE TEMP TABLE pairs (a " + column + ", b " + column +
                  ", sign int)");
  std::vector<LiveDatabase::Row> rows;
  for (int i = 0; i < kPairs; ++i) {
    std::string a = keys_.Canonical(GetParam());
    std::string b = keys_.OneIn(10) ? a : keys_.Canonical(GetParam());
    // Neighbours: a common beginning.
    if (is_text && keys_.OneIn(2)) b = a + b;
    auto order = Read(a) <=> Read(b);
    rows.push_back({a, b, order < 0 ? "-1" : order > 0 ? "1" : "0"});
  }
  database_.Fill("pairs", rows);
  EXPECT_EQ(database_.Count("SELECT count(*) FROM pairs WHERE sign = "
                            "(a > b)::int - (a < b)::int"),
            kPairs);
}

INSTANTIATE_TEST_SUITE_P(Types, OrderProof,
                         testing::Values(KeyType::kInt2, KeyType::kInt8,
                                         KeyType::kText, KeyType::kVarchar,
                                         KeyType::kUuid, KeyType::kDate,
                                         KeyType::kTimestamp,
                                         KeyType::kTimestamptz),
                         [](const testing::TestParamInfo<KeyType>& info) {
                           return std::string(topology::NameOf(info.param));
                         });

class BucketProof : public OrderProof {};

TEST_P(BucketProof, InstantsLieInTheIntervalOfPostgresCalendar) {
  using Unit = TimeInterval::Unit;
  // floor(... / n) by PostgreSQL's own years, months and day differences.
  const std::map<Unit, std::string> kCounts = {
      {Unit::kDay, "d - date '2000-01-01'"},
      {Unit::kWeek, "(d - date '2000-01-03') / 7.0"},
      {Unit::kMonth,
       "(extract(year FROM d) - 2000) * 12 + extract(month FROM d) - 1"},
      {Unit::kYear, "extract(year FROM d) - 2000"}};
  database_.Query("SET TimeZone = 'UTC'");
  database_.Query("CREATE TEMP TABLE instants (t " +
                  std::string(topology::NameOf(GetParam())) +
                  ", n int, bucket int)");
  for (const auto& [unit, count] : kCounts) {
    std::vector<LiveDatabase::Row> rows;
    while (rows.size() < kPairs) {
      std::string text = keys_.Canonical(GetParam());
      // An offset could lead to the year 1 BC, which extract() counts as -1.
      if (text.starts_with("0001")) continue;
      int32_t n = static_cast<int32_t>(keys_.Number(1, 30));
      int64_t bucket =
          topology::TimeBucketOf({n, unit}, GetParam(), Read(text).as_int());
      rows.push_back({text, std::to_string(n), std::to_string(bucket)});
    }
    database_.Query("TRUNCATE instants");
    database_.Fill("instants", rows);
    EXPECT_EQ(database_.Count("SELECT count(*) FROM (SELECT t::date AS d, n, "
                              "bucket FROM instants) i WHERE bucket = floor((" +
                              count + ")::numeric / n)"),
              kPairs);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, BucketProof,
                         testing::Values(KeyType::kDate, KeyType::kTimestamp,
                                         KeyType::kTimestamptz),
                         [](const testing::TestParamInfo<KeyType>& info) {
                           return std::string(topology::NameOf(info.param));
                         });

}  // namespace
}  // namespace pgbraid
