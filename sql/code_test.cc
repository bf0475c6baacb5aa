#include "sql/code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace pgbraid::sql {
namespace {

using Names = std::vector<std::string>;

Code Plpgsql(std::string_view code) { return ReadCode(code, "plpgsql"); }

bool Lists(const Code& code, std::string_view word) {
  return std::find(code.words.begin(), code.words.end(), word) !=
         code.words.end();
}

TEST(CodeTest, ListsTheNamesInIt) {
  const Code code =
      Plpgsql("BEGIN PERFORM app.F(a), \"Other One\"('text') -- remark\n; END");
  for (const char* word : {"app", "f", "a", "other"}) {
    EXPECT_TRUE(Lists(code, word)) << word;
  }
  EXPECT_FALSE(Lists(code, "text"));
  EXPECT_FALSE(Lists(code, "remark"));
  EXPECT_FALSE(code.writes);
  EXPECT_TRUE(Plpgsql("BEGIN INSERT INTO t VALUES (1); END").writes);
}

TEST(CodeTest, ComparesNamesWithoutCaseEncodingAndTail) {
  EXPECT_EQ(CodeWord("Total"), "total");
  EXPECT_EQ(CodeWord("\"Total sum\""), "total");
  EXPECT_EQ(CodeWord("\"---\""), "");
  EXPECT_EQ(CodeWord("gr\xC3\xB6\xC3\x9F"
                     "e"),
            CodeWord("GR\xF6"
                     "E"));
  const std::string longer(70, 'a');
  EXPECT_EQ(CodeWord(longer), CodeWord(longer.substr(0, 63)));
}

TEST(CodeTest, KnowsTheSettingsOfPlainCode) {
  for (const char* code :
       {"BEGIN SET app.tenant = 'x'; END",
        "BEGIN PERFORM set_config('App.Tenant', v, true); END",
        "BEGIN EXECUTE 'SET app.tenant = 1'; END",
        "BEGIN EXECUTE E'\\nSELECT set_config(\\'app.tenant\\', $1, false)' "
        "USING v; END",
        "BEGIN EXECUTE format('SET app.tenant = %L', v); END",
        "BEGIN EXECUTE $q$DO $d$ BEGIN SET app.tenant = 1; END $d$$q$; END"}) {
    const Code found = Plpgsql(code);
    EXPECT_FALSE(found.settings.unknown) << code;
    EXPECT_EQ(found.settings.names, Names{"app.tenant"}) << code;
  }
}

TEST(CodeTest, UnderstandsTextWithQuotedNamesAndValues) {
  for (const char* code :
       {"BEGIN EXECUTE format('INSERT INTO %I.%I (a) SELECT ($1).*', s, t) "
        "USING NEW; END",
        "BEGIN EXECUTE 'SELECT count(*) FROM ' || quote_ident(t) INTO n; END",
        "BEGIN EXECUTE 'ANALYZE ' || t::regclass; END",
        "BEGIN EXECUTE format('UPDATE %I SET %I = %L', t, c, v); END",
        "BEGIN FOR r IN EXECUTE format('SELECT * FROM %1$I', t) LOOP END LOOP; "
        "END",
        "BEGIN EXECUTE format('CREATE TABLE %I (a int)', t); END"}) {
    const Code found = Plpgsql(code);
    EXPECT_FALSE(found.settings.unknown) << code;
    EXPECT_TRUE(found.any_relation) << code;
  }
  const Code called = Plpgsql("BEGIN EXECUTE 'SELECT f(1)'; END");
  EXPECT_TRUE(Lists(called, "f"));
  EXPECT_FALSE(called.settings.unknown);
}

TEST(CodeTest, AnythingElseThatIsExecutedIsUnknown) {
  for (const char* code :
       {"BEGIN EXECUTE sql; END",
        "BEGIN EXECUTE 'SET ' || n; END",
        "BEGIN EXECUTE format('SET %I = 1', n); END",
        "BEGIN EXECUTE format('SET LOCAL app.%I = 1', n); END",
        "BEGIN EXECUTE format('SET %s', n); END",
        "BEGIN EXECUTE format('SELECT %I(1)', f); END",
        "BEGIN EXECUTE format('%I app.x = 1', f); END",
        "BEGIN EXECUTE format('SELECT set_config(%L, 1, false)', n); END",
        "BEGIN EXECUTE format(f, n); END",
        "BEGIN EXECUTE quote_ident('set') || ' app.x = 1'; END",
        "BEGIN EXECUTE 'se' || quote_ident('t') || ' app.x = 1'; END",
        "BEGIN EXECUTE 'SELECT 1' || rest; END",
        "BEGIN EXECUTE 'SELECT 1' + rest; END",
        "BEGIN EXECUTE (SELECT body FROM scripts LIMIT 1); END",
        "BEGIN PERFORM set_config(n, 'x', false); END",
        "BEGIN PERFORM set_config('app.' || n, 'x', false); END",
        "BEGIN PERFORM U&\"\\0066\"(); END",
        "BEGIN PERFORM query_to_xml(q, true, true, ''); END",
        "BEGIN RETURN QUERY EXECUTE q; END",
        "BEGIN OPEN c FOR EXECUTE q; END"}) {
    EXPECT_TRUE(Plpgsql(code).settings.unknown) << code;
  }
}

TEST(CodeTest, PassesOverWhatOnlyLooksLikeIt) {
  for (const char* code :
       {"BEGIN -- execute whatever\n PERFORM 1; END",
        "BEGIN RAISE NOTICE 'set %', x; END",
        "BEGIN GRANT EXECUTE ON FUNCTION f() TO x; END",
        "CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f()",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "BEGIN UPDATE t SET a = b; SET search_path = x; END", ""}) {
    EXPECT_FALSE(Plpgsql(code).settings.unknown) << code;
  }
}

TEST(CodeTest, OtherLanguagesSendTextByTheirOwnFunctions) {
  EXPECT_TRUE(ReadCode("plpy.execute(q)", "plpython3u").settings.unknown);
  EXPECT_TRUE(ReadCode("spi_exec_query($_[0])", "plperl").settings.unknown);
  EXPECT_FALSE(ReadCode("return a + b", "plpython3u").settings.unknown);
  EXPECT_FALSE(ReadCode("execute", "c").settings.unknown);
}

TEST(CodeTest, LeavesAStatementsOwnCallsToTheAnalysis) {
  const Code code =
      ReadStatementCode("SELECT set_config($1, f('EXECUTE x'), false)", {});
  EXPECT_FALSE(code.settings.unknown);
  EXPECT_TRUE(Lists(code, "f"));
  EXPECT_FALSE(
      ReadStatementCode("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS "
                        "'BEGIN EXECUTE x; END'",
                        {})
          .settings.unknown);
  EXPECT_TRUE(ReadStatementCode("SELECT query_to_xml($1, true, true, '')", {})
                  .settings.unknown);
}

TEST(CodeTest, SeesChannels) {
  EXPECT_TRUE(Plpgsql("BEGIN UNLISTEN *; END").unlistens);
  EXPECT_TRUE(Plpgsql("BEGIN EXECUTE 'UNLISTEN a'; END").unlistens);
  EXPECT_TRUE(
      Plpgsql("BEGIN PERFORM pg_listening_channels(); END").reads_channels);
}

}  // namespace
}  // namespace pgbraid::sql
