// The partition hash against satisfies_hash_partition(): 12 shapes of keys,
// 10,000 random rows of each, 8 moduli.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/key_hash/live_database.h"
#include "tests/integration/key_hash/random_keys.h"
#include "topology/key_parse.h"
#include "topology/pg_hash.h"

namespace pgbraid {
namespace {

using topology::KeyColumn;
using topology::KeyType;
using topology::KeyValue;
using topology::ParsedKey;

constexpr int kRows = 10'000;  // of each shape
constexpr int kModuli[] = {1, 2, 3, 5, 7, 16, 64, 256};
constexpr int kPartitions = 5;  // kModuli[3], for the real partitions
constexpr int kNullsOneIn = 20;
constexpr uint64_t kSeed = 20000101;

using Shape = std::vector<KeyType>;

// "c0 int4, c1 text" and "c0, c1".
std::string Columns(const Shape& shape, bool with_types) {
  std::string list;
  for (size_t i = 0; i < shape.size(); ++i) {
    list += (i == 0 ? "c" : ", c") + std::to_string(i);
    if (with_types) list += " " + std::string(topology::NameOf(shape[i]));
  }
  return list;
}

class HashProof : public testing::TestWithParam<Shape> {
 protected:
  // The row's number, its expected remainders, and its key as text.
  LiveDatabase::Row RandomRow(int number) {
    std::vector<KeyValue> key;
    LiveDatabase::Row texts;
    for (const KeyColumn& column : columns_) {
      if (keys_.OneIn(kNullsOneIn)) {
        key.push_back(KeyValue::Null());
        texts.push_back(std::nullopt);
        continue;
      }
      std::string text = keys_.Canonical(column.type);
      ParsedKey parsed = topology::FromTextParameter(
          column, OidOf(column.type), text, {.utf8 = true, .utc = false});
      EXPECT_TRUE(parsed.has_value()) << text;
      key.push_back(parsed.value);
      texts.push_back(text);
    }
    std::string remainders;
    for (int modulus : kModuli) {
      remainders += (remainders.empty() ? "{" : ",") +
                    std::to_string(HashPartition(columns_, key, modulus));
    }
    LiveDatabase::Row row = {std::to_string(number), remainders + "}"};
    row.insert(row.end(), texts.begin(), texts.end());
    return row;
  }

  void Stage() {
    for (KeyType type : GetParam()) columns_.push_back({.type = type});
    database_.Query("SET TimeZone = 'America/New_York'");
    database_.Query("CREATE TEMP TABLE staged (n int, remainders int[], " +
                    Columns(GetParam(), true) + ")");
    database_.Query("CREATE TEMP TABLE parent (n int, " +
                    Columns(GetParam(), true) + ") PARTITION BY HASH (" +
                    Columns(GetParam(), false) + ")");
    std::vector<LiveDatabase::Row> rows;
    for (int i = 0; i < kRows; ++i) rows.push_back(RandomRow(i));
    database_.Fill("staged", rows);
  }

  LiveDatabase database_;
  RandomKeys keys_{kSeed};
  std::vector<KeyColumn> columns_;
};

TEST_P(HashProof, PostgresAgreesOnEveryRemainder) {
  Stage();
  std::string moduli;
  for (int modulus : kModuli) {
    moduli += (moduli.empty() ? "" : ",") + std::to_string(modulus);
  }
  std::string from = " FROM staged, unnest(remainders, ARRAY[" + moduli +
                     "]) AS u(remainder, modulus)";
  std::string satisfies =
      "satisfies_hash_partition('parent'::regclass, "
      "modulus, %, " +
      Columns(GetParam(), false) + ")";
  auto with = [&](const std::string& remainder) {
    std::string sql = satisfies;
    return sql.replace(sql.find('%'), 1, remainder);
  };
  int64_t all = kRows * std::size(kModuli);
  EXPECT_EQ(database_.Count("SELECT count(*)" + from), all);
  EXPECT_EQ(
      database_.Count("SELECT count(*)" + from + " WHERE " + with("remainder")),
      all);
  // The function does say no.
  EXPECT_EQ(
      database_.Count("SELECT count(*)" + from + " WHERE " +
                      with("(remainder + 1) % modulus") + " AND modulus > 1"),
      0);
}

TEST_P(HashProof, PartitionsHoldWhatTheShardsWould) {
  Stage();
  for (int i = 0; i < kPartitions; ++i) {
    std::string number = std::to_string(i);
    database_.Query("CREATE TEMP TABLE part_" + number +
                    " PARTITION OF parent FOR VALUES WITH (MODULUS " +
                    std::to_string(kPartitions) + ", REMAINDER " + number +
                    ")");
  }
  database_.Query("INSERT INTO parent SELECT n, " + Columns(GetParam(), false) +
                  " FROM staged");
  EXPECT_EQ(database_.Count(
                "SELECT count(*) FROM parent JOIN staged USING (n) WHERE "
                "parent.tableoid = to_regclass('part_' || remainders[4])"),
            kRows);
}

std::string NameOfShape(const testing::TestParamInfo<Shape>& info) {
  std::string name;
  for (KeyType type : info.param) {
    name += (name.empty() ? "" : "_") + std::string(topology::NameOf(type));
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    Keys, HashProof,
    testing::Values(Shape{KeyType::kInt2}, Shape{KeyType::kInt4},
                    Shape{KeyType::kInt8}, Shape{KeyType::kText},
                    Shape{KeyType::kVarchar}, Shape{KeyType::kUuid},
                    Shape{KeyType::kDate}, Shape{KeyType::kTimestamp},
                    Shape{KeyType::kTimestamptz},
                    Shape{KeyType::kInt4, KeyType::kText},
                    Shape{KeyType::kText, KeyType::kInt8, KeyType::kDate},
                    Shape{KeyType::kUuid, KeyType::kTimestamptz}),
    NameOfShape);

}  // namespace
}  // namespace pgbraid
