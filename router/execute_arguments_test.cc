#include "router/execute_arguments.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sql/analysis.h"

namespace pgbraid::router {
namespace {

constexpr uint64_t kSeed = 7;

// The arguments of `text` as "a|b|NULL", or "?" if they are not plain.
std::string Arguments(const std::string& text) {
  sql::Fingerprint fingerprint =
      sql::MakeFingerprint(text, sql::LexerModes(), kSeed);
  sql::Query query = sql::Analyze(text, fingerprint, sql::AnalysisInput());
  ExecutionValues values;
  values.text = text;
  values.fingerprint = &fingerprint;
  ExecuteArguments arguments(query.statements[0].prepared_use, values);
  if (!arguments.plain()) return "?";
  std::string all;
  for (const wire::Value& value : arguments.bind().values) {
    if (!all.empty()) all += "|";
    all += value ? std::string(*value) : "NULL";
  }
  return all;
}

TEST(ExecuteArgumentsTest, ConstantsAreParameters) {
  EXPECT_EQ(Arguments("EXECUTE p(1, 'a b', NULL)"), "1|a b|NULL");
  EXPECT_EQ(Arguments("EXECUTE p('it''s', E'\\n', $$x$$)"), "it's|\n|x");
  EXPECT_EQ(Arguments("EXECUTE p"), "");
  EXPECT_EQ(Arguments("EXPLAIN ANALYZE EXECUTE p(5)"), "5");
}

TEST(ExecuteArgumentsTest, NumbersAreWrittenAsPostgresPrintsThem) {
  EXPECT_EQ(Arguments("EXECUTE p(007, -5, -0, 0)"), "7|-5|0|0");
  EXPECT_EQ(Arguments("EXECUTE p(9223372036854775808)"), "9223372036854775808");
}

TEST(ExecuteArgumentsTest, WhatHasToBeComputedProvesNothing) {
  for (const char* argument : {"1 + 1", "now()", "1.5", "'1'::int", "1::bigint",
                               "ARRAY[1]", "(SELECT 1)", "true", "-'5'"}) {
    EXPECT_EQ(Arguments("EXECUTE p(1, " + std::string(argument) + ")"), "?")
        << argument;
  }
}

}  // namespace
}  // namespace pgbraid::router
