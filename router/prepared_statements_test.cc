#include "router/prepared_statements.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pool/environment.h"
#include "wire/row.h"

namespace pgbraid::router {
namespace {

class PreparedStatementsTest : public testing::Test {
 protected:
  pool::EnvironmentRef With(const std::string& name, const std::string& value) {
    return environments_.With(
        environments_.empty(),
        pool::Setting{name, value, "SET " + name + " TO " + value});
  }
  PreparedStatements::Key Key(std::string_view text,
                              pool::EnvironmentRef environment = nullptr,
                              CatalogVersion version = {1, 0}) {
    PreparedStatements::Key key;
    key.text = text;
    key.environment =
        environment != nullptr ? environment : environments_.empty();
    key.version = version;
    return key;
  }

  pool::EnvironmentTable environments_;
  PreparedStatements statements_;
};

TEST_F(PreparedStatementsTest, OneForEachTextTypesSettingsAndCatalogs) {
  PreparedRef first = statements_.Intern(Key("SELECT 1"));
  EXPECT_EQ(statements_.Intern(Key("SELECT 1")), first);
  EXPECT_EQ(first->server_name, ServerName(first->id));
  EXPECT_NE(statements_.Intern(Key("SELECT 2")), first);
  EXPECT_NE(statements_.Intern(Key("SELECT 1", With("datestyle", "ISO"))),
            first);
  EXPECT_NE(statements_.Intern(Key("SELECT 1", With("search_path", "a"))),
            first);
  EXPECT_EQ(statements_.Intern(Key("SELECT 1", With("application_name", "a"))),
            first);
  EXPECT_NE(statements_.Intern(Key("SELECT 1", nullptr, {2, 0})), first);
  PreparedStatements::Key typed = Key("SELECT 1");
  typed.types = wire::OidList(std::string_view("\0\0\0\x17", 4));
  EXPECT_NE(statements_.Intern(typed), first);
  PreparedStatements::Key declared = Key("SELECT 1");
  declared.sql_types = "(int)";
  EXPECT_NE(statements_.Intern(declared), first);
}

TEST_F(PreparedStatementsTest, WhatSeesOnesOwnTemporaryTablesIsNotShared) {
  PreparedStatements::Key key = Key("SELECT 1", nullptr, {1, 1});
  EXPECT_NE(statements_.Intern(key), statements_.Intern(key));
}

TEST_F(PreparedStatementsTest, RenewedKeepsWhatIsFrozenAndTheTypes) {
  pool::EnvironmentRef frozen = With("datestyle", "DMY");
  PreparedRef old = statements_.Intern(Key("SELECT $1", frozen));
  EXPECT_EQ(statements_.Renewed(old, frozen, {1, 0}), old);
  // DateStyle now is another one: nothing to the statement.
  EXPECT_EQ(statements_.Renewed(old, environments_.empty(), {1, 0}), old);
  old->described = {23};
  old->is_described = true;
  PreparedRef after_ddl = statements_.Renewed(old, frozen, {2, 0});
  EXPECT_NE(after_ddl, old);
  EXPECT_EQ(after_ddl->types, std::vector<wire::Oid>{23});
  EXPECT_EQ(after_ddl->environment, frozen);
  PreparedRef elsewhere =
      statements_.Renewed(old, With("search_path", "a"), {1, 0});
  EXPECT_NE(elsewhere, old);
  EXPECT_EQ(elsewhere->environment, frozen);
  EXPECT_EQ(statements_.Renewed(old, With("search_path", "a"), {1, 0}),
            elsewhere);
}

TEST_F(PreparedStatementsTest, DeclaredTypesWaitUntilTheyAreKnown) {
  PreparedStatements::Key key = Key("SELECT $1");
  key.sql_types = "(mood)";
  PreparedRef made = statements_.Intern(key);
  EXPECT_EQ(statements_.Renewed(made, environments_.empty(), {2, 0}), made);
  EXPECT_FALSE(made->has_user_types());
  made->described = {16400};
  made->is_described = true;
  EXPECT_TRUE(made->has_user_types());
  EXPECT_NE(statements_.Renewed(made, environments_.empty(), {2, 0}), made);
}

TEST_F(PreparedStatementsTest, ForgetsStatementsThatNobodyUses) {
  for (int i = 0; i < 5000; ++i) {
    statements_.Intern(Key("SELECT " + std::to_string(i)));
  }
  EXPECT_LT(statements_.size(), 2000u);
}

// Of a RowDescription with one column.
uint64_t Shape(wire::FieldDescription field) {
  std::string message;
  wire::AppendRowDescription(std::vector<wire::FieldDescription>{field},
                             &message);
  return ShapeOf(std::string_view(message).substr(5));
}

TEST(ShapeTest, NamesAndTypesOfColumnsMakeIt) {
  wire::FieldDescription field = wire::TextField("a");
  const uint64_t shape = Shape(field);
  EXPECT_GT(shape, kShapeOfNoData);
  wire::FieldDescription other = field;
  other.table = 5;
  other.attribute = 1;
  other.format = 1;
  EXPECT_EQ(Shape(other), shape);
  other = field;
  other.name = "b";
  EXPECT_NE(Shape(other), shape);
  other = field;
  other.type = 23;
  EXPECT_NE(Shape(other), shape);
  other = field;
  other.type_modifier = 9;
  EXPECT_NE(Shape(other), shape);
}

}  // namespace
}  // namespace pgbraid::router
