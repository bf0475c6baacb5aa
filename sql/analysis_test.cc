#include "sql/analysis.h"

#include <atomic>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "sql/debug_string.h"
#include "sql/testing_catalog.h"

namespace pgbraid::sql {
namespace {

class AnalysisTest : public testing::Test {
 protected:
  AnalysisTest() : catalog_(SampleCatalog()) {
    input_.catalog = catalog_.get();
    input_.search_path = {"$user", "public"};
    input_.role = "app_user";
  }

  Query Of(std::string_view text) const {
    return Analyze(text, MakeFingerprint(text, input_.modes, 1), input_);
  }
  std::string Text(std::string_view text) const {
    return DebugString(Of(text));
  }

  const std::shared_ptr<const Catalog> catalog_;
  AnalysisInput input_;
};

TEST_F(AnalysisTest, SaysOfEachStatementWhatTheTableSays) {
  std::ifstream file("sql/testdata/analysis_cases.txt");
  ASSERT_TRUE(file.good());
  std::string line;
  std::string group;
  std::string statement;
  int cases = 0;
  while (std::getline(file, line)) {
    if (line.starts_with("# ")) {
      group = line.substr(2);
    } else if (line.starts_with("  => ") && !group.empty()) {
      EXPECT_EQ(Text(statement), line.substr(5)) << group << ": " << statement;
      ++cases;
    } else {
      statement = line;
    }
  }
  EXPECT_GE(cases, 400);
}

TEST_F(AnalysisTest, SaysTheSameOnSeveralThreadsAtOnce) {
  std::ifstream file("sql/testdata/analysis_cases.txt");
  std::vector<std::pair<std::string, std::string>> cases;
  std::string line;
  std::string statement;
  while (std::getline(file, line)) {
    if (line.starts_with("  => ")) {
      cases.emplace_back(statement, line.substr(5));
    } else {
      statement = line;
    }
  }
  ASSERT_GE(cases.size(), 400u);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (size_t start = 0; start < 4; ++start) {
    threads.emplace_back([&, start] {
      for (size_t i = 0; i < cases.size(); ++i) {
        const auto& [text, said] = cases[(i + start * 97) % cases.size()];
        if (Text(text) != said) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(AnalysisTest, SaysTheSameOfTextsOfOneShape) {
  // The grammar folds the sign into the constant: 0 has none.
  EXPECT_EQ(Text("SELECT 1 FROM customers WHERE id = -0"),
            Text("SELECT 1 FROM customers WHERE id = -5"));
  EXPECT_EQ(Text("SELECT 1 FROM customers WHERE id = 5"),
            Text("SELECT 1 FROM customers WHERE id = 0"));
}

TEST_F(AnalysisTest, GivesReasonsThatUsersUnderstand) {
  const Statement statement =
      std::move(Of("SELECT bump(1) FROM customers").statements.front());
  EXPECT_EQ(statement.primary_reason, "calls the user-defined function bump");
  EXPECT_EQ(statement.unknown_reason, "calls the function bump");
  EXPECT_EQ(Of("SELECT id FROM customers ORDER BY id")
                .statements.front()
                .not_concatenable_reason,
            "ORDER BY");
}

TEST_F(AnalysisTest, ProvesNothingWithoutACatalog) {
  input_.catalog = nullptr;
  EXPECT_EQ(Text("SELECT * FROM customers WHERE id = 1"),
            "select writes unknown read:unknown customers");
}

TEST_F(AnalysisTest, FollowsTheSearchPath) {
  input_.search_path = {"app", "public"};
  EXPECT_EQ(Text("SELECT * FROM orders"),
            "select standby concat read:app.orders");
  input_.search_path = {"alice"};
  EXPECT_EQ(Text("SELECT * FROM orders"),
            "select writes unknown read:unknown orders");
}

TEST_F(AnalysisTest, PinsWhereTheSearchPathMakesTemporaryObjects) {
  input_.search_path = {"pg_temp", "public"};
  EXPECT_EQ(Of("CREATE TABLE t (id int)").statements.front().pin,
            Pin::kTemporaryObject);
}

TEST_F(AnalysisTest, ObeysTheOperatorsLists) {
  FunctionLists lists;
  lists.standby_safe = {"public.pure", "pg_is_in_recovery"};
  lists.primary_only = {"lower"};
  input_.functions = &lists;
  EXPECT_EQ(Text("SELECT pure(1)"), "select standby path unknown");
  EXPECT_EQ(Text("SELECT pg_is_in_recovery()"), "select standby");
  EXPECT_FALSE(Of("SELECT lower('A')").statements.front().standby_safe);
  EXPECT_FALSE(Of("SELECT bump(1)").statements.front().standby_safe);
}

TEST_F(AnalysisTest, ReadsEqualsNullAsTheSettingSays) {
  input_.transform_null_equals = true;
  EXPECT_EQ(Text("SELECT 1 FROM customers WHERE id = NULL"),
            "select standby concat read:customers{id is null}");
}

TEST_F(AnalysisTest, FindsTheStatementInside) {
  const std::string_view text =
      "EXPLAIN (BUFFERS, FORMAT 'a)b') /* x */ SELECT 1";
  const Query query = Of(text);
  const Statement& inner = *query.statements.front().inner;
  EXPECT_EQ(text.substr(inner.begin, inner.end - inner.begin), "SELECT 1");
  const std::string_view prepare = "PREPARE \"as\" (int) AS SELECT $1";
  const Query prepared = Of(prepare);
  EXPECT_EQ(prepare.substr(prepared.statements.front().inner->begin),
            "SELECT $1");
}

TEST_F(AnalysisTest, ExplainsTheRouteOfAnyStatement) {
  const std::string_view text = "/* a */ EXPLAIN (ROUTE) TRUNCATE orders ;";
  const Query query = Of(text);
  ASSERT_EQ(query.statements.size(), 1u);
  const Statement& outer = query.statements.front();
  EXPECT_EQ(text.substr(outer.begin, outer.end - outer.begin),
            "EXPLAIN (ROUTE) TRUNCATE orders ");
  EXPECT_FALSE(outer.writes);
  EXPECT_FALSE(outer.taints);
  EXPECT_FALSE(outer.changes_catalog);
  EXPECT_EQ(outer.inner->kind, Kind::kTruncate);
  EXPECT_EQ(Of("EXPLAIN (ROUTE) SELECT 1; SELECT 2").parse_error,
            "EXPLAIN (ROUTE) takes one statement");
}

TEST_F(AnalysisTest, TakesExplainRouteOnceOnly) {
  EXPECT_EQ(Of("EXPLAIN (ROUTE) EXPLAIN (ROUTE) SELECT 1")
                .statements.front()
                .inner->kind,
            Kind::kExplain);
  std::string text;
  for (int i = 0; i < 50000; ++i) text += "EXPLAIN (ROUTE) ";
  EXPECT_EQ(Of(text + "SELECT 1").statements.front().inner->kind, Kind::kOther);
}

TEST_F(AnalysisTest, GivesEachStatementItsBytes) {
  const std::string_view text = " SELECT 1 ;  DELETE FROM orders; ";
  const Query query = Of(text);
  ASSERT_EQ(query.statements.size(), 2u);
  const Statement& second = query.statements[1];
  EXPECT_EQ(text.substr(second.begin, second.end - second.begin),
            "DELETE FROM orders");
}

TEST_F(AnalysisTest, ReplaysSettingsByTheirOwnStatement) {
  const auto replay = [&](std::string_view text) {
    return Of(text).statements.front().settings.front().replay;
  };
  EXPECT_EQ(replay("SET LOCAL search_path TO a, \"B\""),
            "SET search_path TO 'a', 'B'");
  EXPECT_EQ(replay("SET work_mem = 64"), "SET work_mem TO 64");
  EXPECT_EQ(replay("SET a.\"user\" = E'x\\\\y'"),
            "SET a.\"user\" TO E'x\\\\y'");
  EXPECT_EQ(replay("SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE"),
            "SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE");
  EXPECT_EQ(replay("SELECT set_config('search_path', '', false)"),
            "SELECT pg_catalog.set_config('search_path', '', false)");
}

TEST_F(AnalysisTest, DoesNotReadWhatTheGrammarWouldMisread) {
  input_.modes.standard_conforming_strings = false;
  EXPECT_EQ(Of("SELECT 'a\\' OR 1=1 --'").statements.front().kind,
            Kind::kOther);
  EXPECT_EQ(Of("SELECT 'a'").statements.front().kind, Kind::kSelect);
}

TEST_F(AnalysisTest, RefusesToAnalyseWhatIsTooDeepOrTooLong) {
  std::string deep = "SELECT ";
  for (int i = 0; i < 100000; ++i) deep += "1+";
  EXPECT_EQ(Of(deep + "1").statements.front().kind, Kind::kOther);
  std::string brackets(5000, '(');
  EXPECT_EQ(Of("SELECT " + brackets).statements.front().kind, Kind::kOther);
  std::string subqueries;
  for (int i = 0; i < 350; ++i) subqueries += "(SELECT ";
  EXPECT_EQ(Of("SELECT " + subqueries + "1" + std::string(350, ')'))
                .statements.front()
                .kind,
            Kind::kSelect);
  EXPECT_EQ(
      Of("SELECT '" + std::string(1 << 21, 'x') + "'").statements.front().kind,
      Kind::kOther);
}

TEST_F(AnalysisTest, TakesLongFlatLists) {
  std::string text = "SELECT 1 FROM customers WHERE id IN (0";
  for (int i = 1; i < 20000; ++i) text += ", " + std::to_string(i);
  EXPECT_EQ(Of(text + ")")
                .statements.front()
                .relations.front()
                .condition.operands.size(),
            20000u);
}

TEST_F(AnalysisTest, CountsParameters) {
  EXPECT_EQ(Of("SELECT $1, $7 FROM customers WHERE id = $3").parameter_count,
            7);
}

TEST(AnalysisCastTest, DistrustsOperatorsWhereUsersCastImplicitly) {
  TestingCatalog made;
  made.Table("t", "id int4, v text");
  made.UserCast("text", "int4", 'i');
  const std::shared_ptr<const Catalog> catalog = made.Build();
  AnalysisInput input;
  input.catalog = catalog.get();
  input.search_path = {"public"};
  const std::string_view text = "SELECT * FROM t WHERE id = 1";
  EXPECT_EQ(DebugString(Analyze(text, MakeFingerprint(text, {}, 1), input)),
            "select writes taints unknown read:t");
}

TEST(AnalysisCastTest, TrustsOperatorsThatImplicitCastsDoNotReach) {
  TestingCatalog made;
  made.UserType("mood", 'e');
  made.Table("t", "id int4, v text");
  made.Table("moods", "id int4, m mood");
  made.UserCast("int4", "mood", 'i');
  made.UserOperator("<", "mood", "mood");
  const std::shared_ptr<const Catalog> catalog = made.Build();
  AnalysisInput input;
  input.catalog = catalog.get();
  input.search_path = {"public"};
  const auto safe = [&input](std::string_view text) {
    return Analyze(text, MakeFingerprint(text, {}, 1), input)
        .statements.front()
        .standby_safe;
  };
  // No value is of the type, and no operator of this name takes one.
  EXPECT_TRUE(safe("SELECT * FROM t WHERE id = 1"));
  // An operator of the user's takes it.
  EXPECT_FALSE(safe("SELECT * FROM t WHERE id < 1"));
  // A value is of the type.
  EXPECT_FALSE(safe("SELECT * FROM moods WHERE id = 1"));
  EXPECT_FALSE(safe("SELECT id = 1, 1::mood FROM t"));
}

}  // namespace
}  // namespace pgbraid::sql
