#include "topology/table_check.h"

#include <gtest/gtest.h>

namespace pgbraid::topology {
namespace {

constexpr Oid kInt4 = 23;
constexpr Oid kText = 25;

TableFacts Orders() {
  TableFacts table;
  table.schema = "public";
  table.name = "orders";
  table.columns = {
      {.name = "id", .type_oid = 23, .type_name = "integer"},
      {.name = "customer_id", .type_oid = kInt4, .type_name = "integer"},
      {.name = "note", .type_oid = kText, .type_name = "text"}};
  return table;
}

class TableCheckTest : public testing::Test {
 protected:
  // The findings, "W " or "E " before each, one a line.
  std::string Check(const TableFacts* on_s0, const TableFacts* on_s1,
                    DistributionKind kind = DistributionKind::kHash) {
    DistributionSpec spec;
    spec.schema = "public";
    spec.name = "orders";
    spec.kind = kind;
    if (kind != DistributionKind::kReference) {
      spec.key_columns = {"customer_id"};
    }
    std::vector<Finding> findings;
    bound_ = CheckTable(TableDistribution(spec, 2),
                        {{"s0", on_s0}, {"s1", on_s1}}, &findings);
    std::string lines;
    for (const Finding& finding : findings) {
      EXPECT_TRUE(finding.message.starts_with("table public.orders: "))
          << finding.message;
      lines += (lines.empty() ? "" : "\n") +
               std::string(finding.is_error() ? "E " : "W ") +
               finding.message.substr(21);
    }
    return lines;
  }

  std::optional<TableDistribution> bound_;
  TableFacts a_ = Orders();
  TableFacts b_ = Orders();
};

TEST_F(TableCheckTest, ATableThatFitsIsBound) {
  EXPECT_EQ(Check(&a_, &b_), "");
  ASSERT_TRUE(bound_.has_value());
  EXPECT_EQ(bound_->key_types()[0].type, KeyType::kInt4);
}

TEST_F(TableCheckTest, MissingTablesAreWarnedOf) {
  EXPECT_EQ(Check(&a_, nullptr), "W does not exist on shard s1");
  EXPECT_TRUE(bound_.has_value());
  EXPECT_EQ(Check(nullptr, nullptr), "W does not exist on any shard yet");
  EXPECT_FALSE(bound_.has_value());
}

TEST_F(TableCheckTest, KeyColumnsMustExistEverywhere) {
  b_.columns.erase(b_.columns.begin() + 1);
  EXPECT_EQ(Check(&a_, &b_),
            "E has no column customer_id on shard s1\n"
            "W has other columns on shard s1 than on shard s0");
  EXPECT_FALSE(bound_.has_value());
}

TEST_F(TableCheckTest, KeyColumnsMustHaveTheSameType) {
  b_.columns[1].type_oid = 20;
  b_.columns[1].type_name = "bigint";
  EXPECT_EQ(Check(&a_, &b_),
            "E key column customer_id is integer on shard s0 but bigint on "
            "shard s1\n"
            "W has other columns on shard s1 than on shard s0");
  EXPECT_FALSE(bound_.has_value());
}

TEST_F(TableCheckTest, KeyColumnsMustHaveTheSameCollation) {
  for (TableFacts* table : {&a_, &b_}) {
    table->columns[1].type_oid = kText;
    table->columns[1].type_name = "text";
  }
  b_.columns[1].deterministic = false;
  EXPECT_EQ(Check(&a_, &b_),
            "E key column customer_id is text on shard s0 but text on shard "
            "s1, with another length, precision or collation");
}

TEST_F(TableCheckTest, SomeTypesAreNoKeys) {
  for (TableFacts* table : {&a_, &b_}) {
    table->columns[1].type_oid = 1700;
    table->columns[1].type_name = "numeric";
  }
  EXPECT_EQ(Check(&a_, &b_),
            "E key column customer_id is numeric; expected int2, int4, int8, "
            "text, varchar, uuid, date, timestamp or timestamptz");
}

TEST_F(TableCheckTest, UniqueConstraintsMustContainTheKey) {
  a_.uniques = b_.uniques = {{"orders_pkey", {"id"}},
                             {"orders_key", {"customer_id", "id"}}};
  EXPECT_EQ(Check(&a_, &b_),
            "E constraint orders_pkey does not contain the key column "
            "customer_id: it could not be kept over several shards");
}

TEST_F(TableCheckTest, AConstraintOfOneShardAloneIsFoundToo) {
  b_.uniques = {{"orders_note", {}}};
  EXPECT_EQ(Check(&a_, &b_),
            "E constraint orders_note does not contain the key column "
            "customer_id: it could not be kept over several shards");
}

TEST_F(TableCheckTest, ReferenceTablesKeepAnyUniqueConstraint) {
  a_.uniques = b_.uniques = {{"orders_pkey", {"id"}}};
  EXPECT_EQ(Check(&a_, &b_, DistributionKind::kReference), "");
}

TEST_F(TableCheckTest, SequencesAndGeneratedKeysAreWarnedOf) {
  a_.columns[0].from_sequence = true;
  a_.columns[1].generated = true;
  EXPECT_EQ(Check(&a_, &b_),
            "W column id takes its default from a sequence of each shard: "
            "INSERTs that use the default are refused\n"
            "W key column customer_id is generated: INSERTs are refused, since "
            "the text does not say its value");
}

TEST_F(TableCheckTest, TriggersAreWarnedOf) {
  a_.triggers = b_.triggers = {{"touch", true}, {"log", false}};
  EXPECT_EQ(Check(&a_, &b_),
            "W trigger or rule touch may change a row's key on its way in: "
            "writes are refused without a hint\n"
            "W trigger or rule log sees one shard's rows only: writes are "
            "refused without a hint");
}

TEST_F(TableCheckTest, OtherColumnsThatDifferAreWarnedOf) {
  b_.columns[2].name = "remark";
  EXPECT_EQ(Check(&a_, &b_),
            "W has other columns on shard s1 than on shard s0");
  EXPECT_TRUE(bound_.has_value());
}

}  // namespace
}  // namespace pgbraid::topology
