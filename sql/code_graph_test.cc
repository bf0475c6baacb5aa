#include "sql/code_graph.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pgbraid::sql {
namespace {

class CodeGraphTest : public testing::Test {
 protected:
  Oid Make(std::string name, std::string source,
           std::string language = "plpgsql", std::vector<Oid> arguments = {}) {
    Function function;
    function.oid = next_++;
    function.schema = "public";
    function.name = std::move(name);
    function.argument_types = std::move(arguments);
    FunctionCode code;
    code.function = function.oid;
    code.language = std::move(language);
    code.source = std::move(source);
    functions_.push_back(std::move(function));
    codes_.push_back(std::move(code));
    return functions_.back().oid;
  }

  Relation& Table(std::string name) {
    Relation& relation = relations_.emplace_back();
    relation.oid = next_++;
    relation.schema = "public";
    relation.name = std::move(name);
    return relation;
  }

  CodeGraph Graph() const {
    return CodeGraph(functions_, relations_, types_, codes_, uses_);
  }
  CodeGraph::Reached Reach(std::string_view statement) const {
    return Graph().Reach(ReadStatementCode(statement, {}));
  }
  bool Unknown(std::string_view statement) const {
    return Reach(statement).settings.unknown;
  }

  Oid next_ = kFirstUserOid;
  std::vector<Function> functions_;
  std::vector<Relation> relations_;
  std::vector<Type> types_;
  std::vector<FunctionCode> codes_;
  std::vector<CodeUse> uses_;
};

constexpr char kAnyText[] = "BEGIN EXECUTE $1; END";

TEST_F(CodeGraphTest, FollowsCallsByName) {
  Make("run", kAnyText);
  Make("outer_one", "BEGIN PERFORM public.\"middle\"(); END");
  Make("middle", "SELECT run('x')", "sql");
  Make("apart", "SELECT 1", "sql");
  EXPECT_TRUE(Unknown("SELECT outer_one()"));
  EXPECT_TRUE(Unknown("SELECT other_schema.Run('x')"));
  EXPECT_FALSE(Unknown("SELECT apart()"));
  EXPECT_FALSE(Unknown("SELECT 'run'"));
}

TEST_F(CodeGraphTest, GathersTheNamesOfAllThatIsReached) {
  Make("a", "BEGIN SET my.a = 1; PERFORM b(); END");
  Make("b", "BEGIN PERFORM a(), set_config('my.b', '', true); END");
  Make("c", "BEGIN SET my.c = 1; END");
  EXPECT_EQ(Reach("SELECT a()").settings.names,
            (std::vector<std::string>{"my.a", "my.b"}));
  codes_.back().settings = {"my.d=1"};
  EXPECT_EQ(Reach("CALL c()").settings.names,
            (std::vector<std::string>{"my.c", "my.d"}));
}

TEST_F(CodeGraphTest, TriggersFireWhereSomethingIsWritten) {
  const Oid run = Make("run", kAnyText);
  const Oid table = Table("items").oid;
  Table("others");
  Make("reader", "SELECT count(*) FROM items", "sql");
  Make("writer", "BEGIN DELETE FROM items; END");
  uses_.push_back({CodeUse::By::kWrite, table, false, run});
  EXPECT_TRUE(Unknown("INSERT INTO items VALUES (1)"));
  EXPECT_TRUE(Unknown("SELECT writer()"));
  EXPECT_FALSE(Unknown("SELECT reader() FROM items"));
  EXPECT_FALSE(Unknown("INSERT INTO others VALUES (1)"));
  EXPECT_TRUE(Graph().ReachByWriting(table).settings.unknown);
}

TEST_F(CodeGraphTest, WritesReachChildrenReferrersAndWhatIsBehindViews) {
  const Oid run = Make("run", kAnyText);
  const Oid base = Table("base").oid;
  Table("parent");
  const Oid parent = relations_.back().oid;
  Table("child");
  relations_.back().foreign_keys.push_back({"key", {}, parent, {}});
  relations_[0].children = {relations_.back().oid};
  Table("shown").view_definition = "SELECT a FROM public.child";
  uses_.push_back({CodeUse::By::kWrite, relations_[2].oid, false, run});
  EXPECT_TRUE(Graph().ReachByWriting(base).settings.unknown);
  EXPECT_TRUE(Graph().ReachByWriting(parent).settings.unknown);
  EXPECT_TRUE(Unknown("UPDATE shown SET a = 1"));
  EXPECT_FALSE(Unknown("SELECT * FROM shown"));
}

TEST_F(CodeGraphTest, ViewsPoliciesAndDefaultsCallFunctions) {
  Make("run", kAnyText);
  Table("shown").view_definition = "SELECT public.run('x'::text)";
  Policy policy;
  policy.using_expression = "public.run('y'::text)";
  Table("guarded").policies.push_back(policy);
  Column column;
  column.default_expression = "public.run('z'::text)";
  Table("filled").columns.push_back(column);
  EXPECT_TRUE(Unknown("SELECT * FROM shown"));
  EXPECT_TRUE(Unknown("SELECT * FROM guarded"));
  EXPECT_TRUE(Unknown("INSERT INTO filled DEFAULT VALUES"));
  EXPECT_FALSE(Unknown("SELECT * FROM filled"));
}

TEST_F(CodeGraphTest, OperatorsAndTheLikeMayBeCalledFromAnywhere) {
  const Oid run = Make("run", kAnyText);
  Make("apart", "SELECT 1", "sql");
  EXPECT_FALSE(Unknown("SELECT apart()"));
  uses_.push_back({CodeUse::By::kAnything, 0, false, run});
  EXPECT_TRUE(Unknown("SELECT apart()"));
}

TEST_F(CodeGraphTest, ANameWithoutAWordMayStandAnywhere) {
  Make("---", kAnyText);
  EXPECT_TRUE(Unknown("SELECT \"---\"('x')"));
}

TEST_F(CodeGraphTest, TextWithAnyTableReachesAllTables) {
  const Oid run = Make("run", kAnyText);
  Make("fill", "BEGIN EXECUTE format('INSERT INTO %I SELECT 1', $1); END");
  EXPECT_FALSE(Unknown("SELECT fill('t')"));
  uses_.push_back({CodeUse::By::kWrite, Table("t").oid, false, run});
  EXPECT_TRUE(Unknown("SELECT fill('t')"));
}

TEST_F(CodeGraphTest, AColumnThatIsNotKnownMayBeAFunctionOfTheRow) {
  types_.push_back({});
  types_.back().oid = 20000;
  types_.back().kind = 'c';
  Make("pick", "BEGIN EXECUTE format('SELECT ($1).%I', $1); END");
  EXPECT_FALSE(Unknown("SELECT pick('a')"));
  Make("of_row", kAnyText, "plpgsql", {20000});
  EXPECT_TRUE(Unknown("SELECT pick('a')"));
}

TEST_F(CodeGraphTest, StoredSqlIsFollowedByItsDependencies) {
  const Oid run = Make("run", kAnyText);
  const Oid body = Make("body", "", "sql");
  EXPECT_FALSE(Unknown("SELECT body()"));
  uses_.push_back({CodeUse::By::kFunction, body, false, run});
  EXPECT_TRUE(Unknown("SELECT body()"));
}

}  // namespace
}  // namespace pgbraid::sql
