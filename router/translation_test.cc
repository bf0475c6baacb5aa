#include "router/translation.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "sql/analysis.h"

namespace pgbraid::router {
namespace {

class TranslationTest : public testing::Test {
 protected:
  // A statement that the client has prepared; its name on servers.
  std::string Define(const std::string& name) {
    PreparedStatements::Key key = Key();
    key.text = name;
    auto client = std::make_shared<ClientStatement>();
    client->name = name;
    client->prepared = statements_.Intern(key);
    names_[name] = client;
    return client->prepared->server_name;
  }

  PreparedStatements::Key Key() {
    PreparedStatements::Key key;
    key.environment = environments_.empty();
    return key;
  }

  std::shared_ptr<const Translation> Run(const std::string& text) {
    context_.utf8_client = true;
    sql::Fingerprint fingerprint =
        sql::MakeFingerprint(text, sql::LexerModes(), 7);
    sql::Query query = sql::Analyze(text, fingerprint, sql::AnalysisInput());
    FindStatement find = [this](std::string_view name) {
      auto found = names_.find(std::string(name));
      return found == names_.end() ? nullptr : found->second;
    };
    return Translate(text, query, context_, find, Key(), &statements_);
  }

  pool::EnvironmentTable environments_;
  PreparedStatements statements_;
  StatementContext context_;
  std::map<std::string, ClientStatementRef> names_;
};

TEST_F(TranslationTest, KnownNamesBecomeTheServers) {
  std::string a = Define("a");
  std::string b = Define("B b");
  auto translation = Run("EXECUTE a(1, 'a'); EXPLAIN EXECUTE \"B b\"");
  EXPECT_EQ(translation->text,
            "EXECUTE " + a + "(1, 'a'); EXPLAIN EXECUTE " + b);
  ASSERT_EQ(translation->needed.size(), 2u);
  EXPECT_EQ(translation->executed[1], names_["B b"]);
  EXPECT_EQ(translation->edits.names[1].second, "B b");
}

TEST_F(TranslationTest, UnknownNamesAreLeftToTheServer) {
  EXPECT_EQ(Run("EXECUTE a(1)")->text, "EXECUTE a(1)");
  EXPECT_EQ(Run("DEALLOCATE a")->text, "DEALLOCATE a");
  EXPECT_TRUE(Run("EXECUTE a")->needed.empty());
}

TEST_F(TranslationTest, NamesOfServersAreNobodys) {
  EXPECT_EQ(SqlStateOf(Run("EXECUTE pgbraid_1")->refusal), "26000");
  EXPECT_EQ(SqlStateOf(Run("DEALLOCATE pgbraid_1")->refusal), "26000");
}

TEST_F(TranslationTest, PrepareMakesAStatementOfWhatIsInside) {
  auto translation =
      Run("/* \xC3\xA4 */ PREPARE p (int,\n text) AS SELECT $1;");
  ASSERT_EQ(translation->made.size(), 1u);
  const ClientStatement& made = *translation->made[0];
  EXPECT_EQ(made.name, "p");
  EXPECT_EQ(made.prepared->text, "SELECT $1");
  EXPECT_EQ(made.prepared->sql_types, "(int,\n text)");
  EXPECT_EQ(made.inner_offset, 34u);
  EXPECT_EQ(translation->text, "/* \xC3\xA4 */ PREPARE " +
                                   made.prepared->server_name +
                                   " (int,\n text) AS SELECT $1;");
}

TEST_F(TranslationTest, TakenNamesAreRefused) {
  Define("p");
  EXPECT_EQ(SqlStateOf(Run("PREPARE p AS SELECT 1")->refusal), "42P05");
  EXPECT_EQ(
      SqlStateOf(Run("PREPARE q AS SELECT 1; PREPARE q AS SELECT 1")->refusal),
      "42P05");
}

TEST_F(TranslationTest, ATextIsReadInItsOrder) {
  std::string p = Define("p");
  auto translation =
      Run("DEALLOCATE p; PREPARE p AS SELECT 1; EXECUTE p; DEALLOCATE ALL; "
          "EXECUTE p");
  ASSERT_TRUE(translation->refusal.ok());
  const std::string& made = translation->made[0]->prepared->server_name;
  EXPECT_EQ(translation->text, "DEALLOCATE " + p + "; PREPARE " + made +
                                   " AS SELECT 1; EXECUTE " + made +
                                   "; DEALLOCATE ALL; EXECUTE p");
}

TEST_F(TranslationTest, TwoOfOneTextAreTwoOnTheServer) {
  auto translation = Run("PREPARE a AS SELECT 1; PREPARE b AS SELECT 1");
  ASSERT_EQ(translation->made.size(), 2u);
  EXPECT_NE(translation->made[0]->prepared, translation->made[1]->prepared);
}

TEST_F(TranslationTest, BytesBehindANameMove) {
  std::string p = Define("p");
  const std::string text = "EXECUTE p; RESET ALL";
  auto translation = Run(text);
  EXPECT_EQ(translation->ServerByte(0), 0u);
  EXPECT_EQ(translation->ServerByte(text.size()), translation->text.size());
}

}  // namespace
}  // namespace pgbraid::router
