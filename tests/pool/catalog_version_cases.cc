// Which DDL changes CatalogVersion, and what does not.
#include <functional>
#include <pqxx/nontransaction>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "pool/catalog_loader.h"
#include "tests/pool/live_server.h"

namespace pgbraid::pool {
namespace {

constexpr char kDatabase[] = "version_cases";

constexpr char kSchema[] = R"(
CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 1, b varchar(10));
CREATE TABLE base ();
CREATE TABLE part (id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 (id int);
CREATE VIEW v AS SELECT id FROM t;
CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN positive AS int;
CREATE SEQUENCE s;
CREATE FUNCTION f() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql
  AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION plus(mood, mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE POLICY p ON t USING (id > 0);
)";

class CatalogVersionTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    LiveServer("s0a").RecreateDatabase(kDatabase);
    LiveServer("s0a").Execute(kDatabase, kSchema);
  }

  CatalogVersionTest() : server_("s0a") {
    auto opened = CatalogConnection::Open(server_.source(kDatabase));
    if (!opened.ok()) throw std::runtime_error(opened.status().ToString());
    connection_ = *std::move(opened);
  }

  uint64_t Version() {
    const auto version = CatalogVersion(*connection_);
    if (!version.ok()) throw std::runtime_error(version.status().ToString());
    return *version;
  }

  std::string State() {
    const auto state = CommitState(*connection_);
    if (!state.ok()) throw std::runtime_error(state.status().ToString());
    return *state;
  }

  void Execute(const std::string& sql) { server_.Execute(kDatabase, sql); }

  LiveServer server_;
  std::unique_ptr<CatalogConnection> connection_;
};

TEST_F(CatalogVersionTest, EachKindOfDdlChangesIt) {
  const std::vector<std::string> ddl = {
      "ALTER TABLE t ADD COLUMN added int",
      "ALTER TABLE t ALTER COLUMN b TYPE varchar(20)",
      "ALTER TABLE t ALTER COLUMN a SET DEFAULT 2",
      "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
      "ALTER TABLE t RENAME COLUMN a TO a2",
      "ALTER TABLE t DROP COLUMN added",
      "ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0)",
      "ALTER TABLE t DROP CONSTRAINT c",
      "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
      "ALTER TABLE t RENAME TO t2",
      "ALTER TABLE t2 RENAME TO t",
      "ALTER TABLE t SET UNLOGGED",
      "ALTER TABLE t SET LOGGED",
      "CREATE UNIQUE INDEX i ON t (b)",
      "ALTER INDEX i RENAME TO i2",
      "DROP INDEX i2",
      "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf()",
      "ALTER TABLE t DISABLE TRIGGER tr",
      "DROP TRIGGER tr ON t",
      "CREATE RULE r AS ON DELETE TO t DO ALSO NOTIFY x",
      "DROP RULE r ON t",
      "CREATE POLICY q ON t USING (true)",
      "ALTER POLICY q ON t USING (id > 1)",
      "DROP POLICY q ON t",
      "ALTER TABLE part ATTACH PARTITION part_1 FOR VALUES FROM (0) TO (10)",
      "ALTER TABLE part DETACH PARTITION part_1",
      "CREATE OR REPLACE VIEW v AS SELECT id + 0 AS id FROM t",
      "DROP VIEW v",
      "CREATE VIEW v AS SELECT 1 AS one",
      "ALTER FUNCTION f() VOLATILE",
      "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
      "DROP FUNCTION f()",
      "ALTER FUNCTION pg_catalog.now() VOLATILE",
      "ALTER FUNCTION pg_catalog.now() STABLE",
      "ALTER TYPE mood ADD VALUE 'happy'",
      "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
      "ALTER DOMAIN positive ADD CHECK (VALUE > 0)",
      "CREATE TYPE pair AS (a int, b int)",
      "ALTER TYPE pair ADD ATTRIBUTE c int",
      "DROP TYPE pair",
      "CREATE OPERATOR + (LEFTARG = mood, RIGHTARG = mood, FUNCTION = plus)",
      "DROP OPERATOR + (mood, mood)",
      "CREATE CAST (mood AS int) WITH INOUT",
      "DROP CAST (mood AS int)",
      "CREATE SCHEMA sc",
      "REVOKE USAGE ON SCHEMA sc FROM public",
      "GRANT USAGE ON SCHEMA sc TO public",
      "ALTER SCHEMA sc RENAME TO sc2",
      "DROP SCHEMA sc2",
      "ALTER DATABASE version_cases SET work_mem = '5MB'",
      "ALTER DATABASE version_cases RESET work_mem",
      "ALTER ROLE postgres IN DATABASE version_cases SET search_path = a, b",
      "ALTER ROLE postgres IN DATABASE version_cases RESET ALL",
      "CREATE ROLE version_role",
      "ALTER ROLE version_role SET search_path = c",
      "CREATE ROLE version_group",
      "GRANT version_group TO version_role",
      "REVOKE version_group FROM version_role",
      "ALTER ROLE version_role SUPERUSER",
      "DROP ROLE version_role",
      "DROP ROLE version_group",
      "ALTER TABLE t INHERIT base",
      "ALTER TABLE t NO INHERIT base",
      "DROP SEQUENCE s",
      "DROP TABLE t CASCADE",
  };
  uint64_t before = Version();
  std::string state = State();
  for (const std::string& sql : ddl) {
    Execute(sql);
    const uint64_t after = Version();
    EXPECT_NE(after, before) << sql;
    EXPECT_EQ(after, Version()) << sql;
    const std::string new_state = State();
    EXPECT_NE(new_state, state) << sql;
    before = after;
    state = new_state;
  }
}

class CatalogVersionStaysTest : public CatalogVersionTest {};

TEST_F(CatalogVersionStaysTest, WhileNothingHappensEvenTheStateStays) {
  const uint64_t before = Version();
  EXPECT_EQ(Version(), before);
  const std::string state = State();
  EXPECT_FALSE(state.empty());
  EXPECT_EQ(State(), state);
}

TEST_F(CatalogVersionStaysTest, ThroughWritesTruncateAndMaintenance) {
  const uint64_t before = Version();
  for (const char* sql :
       {"INSERT INTO t SELECT g FROM generate_series(1, 1000) g",
        "UPDATE t SET b = 'x'", "ANALYZE t", "VACUUM t", "VACUUM FREEZE",
        "TRUNCATE t", "REFRESH MATERIALIZED VIEW m", "SELECT nextval('s')",
        "VACUUM FULL t"}) {
    Execute(sql);
    EXPECT_EQ(Version(), before) << sql;
  }
}

TEST_F(CatalogVersionStaysTest, WhenDdlIsRolledBackAndUntilItIsCommitted) {
  const uint64_t before = Version();
  const auto other = server_.Connect(kDatabase);
  pqxx::nontransaction work(*other);
  work.exec("BEGIN; CREATE TABLE never (id int); DROP VIEW v");
  const std::string state = State();
  EXPECT_EQ(Version(), before);
  work.exec("ROLLBACK");
  EXPECT_EQ(Version(), before);
  work.exec("BEGIN; CREATE TABLE later (id int)");
  const std::string in_between = State();
  EXPECT_EQ(Version(), before);
  work.exec("COMMIT");
  EXPECT_NE(Version(), before);
  EXPECT_NE(State(), in_between);
  EXPECT_NE(State(), state);
}

TEST_F(CatalogVersionStaysTest, ForTemporaryObjects) {
  const auto other = server_.Connect(kDatabase);
  pqxx::nontransaction work(*other);
  work.exec("CREATE TEMP TABLE first (id int)");  // makes the schema, too
  const uint64_t before = Version();
  work.exec(
      "CREATE TEMP TABLE tt (id serial PRIMARY KEY, a int DEFAULT 3 "
      "CHECK (a > 0), b text UNIQUE)");
  EXPECT_EQ(Version(), before);
  work.exec("CREATE TEMP VIEW tv AS SELECT * FROM tt");
  EXPECT_EQ(Version(), before);
  work.exec("CREATE INDEX ON tt (b); ALTER TABLE tt ADD COLUMN c int");
  EXPECT_EQ(Version(), before);
  work.exec(
      "CREATE TRIGGER ttr BEFORE INSERT ON tt FOR EACH ROW EXECUTE "
      "FUNCTION tf()");
  EXPECT_EQ(Version(), before);
  work.exec("DROP TABLE tt CASCADE");
  EXPECT_EQ(Version(), before);
}

TEST_F(CatalogVersionStaysTest, TheSameOnAStandbyThatHasReplayed) {
  LiveServer standby("s0b");
  standby.WaitForReplayOf(server_);
  auto opened = CatalogConnection::Open(standby.source(kDatabase));
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(*CatalogVersion(**opened), Version());
  EXPECT_EQ(*CommitState(**opened), "");
}

TEST_F(CatalogVersionStaysTest, IsTheLoadsVersionAsWell) {
  const auto loaded = LoadCatalog(*connection_, 1);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->version, Version());
}

class CatalogLoadAgainTest : public CatalogVersionTest {
 protected:
  LoadedCatalog Load(const LoadedCatalog* last = nullptr) {
    auto loaded = LoadCatalog(*connection_, ++epoch_, last);
    if (!loaded.ok()) throw std::runtime_error(loaded.status().ToString());
    return *std::move(loaded);
  }

  // What follows `last` after `sql` says what a load of everything says.
  LoadedCatalog After(const LoadedCatalog& last, const std::string& sql) {
    Execute(sql);
    LoadedCatalog next = Load(&last);
    EXPECT_NE(next.content, last.content) << sql;
    EXPECT_NE(next.version, last.version) << sql;
    const LoadedCatalog whole = Load();
    EXPECT_EQ(next.content, whole.content) << sql;
    EXPECT_EQ(next.version, whole.version) << sql;
    return next;
  }

  uint64_t epoch_ = 0;
};

TEST_F(CatalogLoadAgainTest, TakesAllOverWhileNothingHappens) {
  const LoadedCatalog first = Load();
  EXPECT_EQ(Load(&first).catalog, first.catalog);
}

TEST_F(CatalogLoadAgainTest, TakesPostgresOwnObjectsOverAfterDdl) {
  LoadedCatalog last = Load();
  const auto system = last.system;
  for (const char* sql :
       {"CREATE TABLE again (a int)", "ALTER TABLE again ADD b text",
        "CREATE FUNCTION again_f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, "
        "FUNCTION = int4eq)",
        "CREATE DOMAIN again_d AS information_schema.cardinal_number",
        "DROP DOMAIN again_d", "DROP OPERATOR === (int, int)",
        "DROP FUNCTION again_f()"}) {
    last = After(last, sql);
    EXPECT_EQ(last.system, system) << sql;
  }
  EXPECT_NE(last.catalog->FindRelation("public", "again"), nullptr);
  last = After(last, "DROP TABLE again");
  EXPECT_EQ(last.catalog->FindRelation("public", "again"), nullptr);
}

TEST_F(CatalogLoadAgainTest, SeesChangesOfPostgresOwnObjects) {
  LoadedCatalog last = Load();
  for (const char* sql :
       {"ALTER FUNCTION pg_catalog.int4pl(int, int) VOLATILE",
        "ALTER FUNCTION pg_catalog.int4pl(int, int) IMMUTABLE",
        "ALTER SCHEMA information_schema RENAME TO other_schema",
        "ALTER SCHEMA other_schema RENAME TO information_schema",
        "ALTER TABLE information_schema.sql_sizing ADD COLUMN more int",
        "CREATE RULE r AS ON DELETE TO information_schema.sql_sizing "
        "DO INSTEAD NOTHING",
        "DROP RULE r ON information_schema.sql_sizing",
        "ALTER DOMAIN information_schema.time_stamp ADD CHECK (true)"}) {
    const auto system = last.system;
    last = After(last, sql);
    EXPECT_NE(last.system, system) << sql;
  }
}

}  // namespace
}  // namespace pgbraid::pool
