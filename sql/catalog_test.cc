#include "sql/catalog.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace pgbraid::sql {
namespace {

Relation Table(Oid oid, std::string schema, std::string name) {
  Relation relation;
  relation.oid = oid;
  relation.schema = std::move(schema);
  relation.name = std::move(name);
  return relation;
}

class CatalogTest : public testing::Test {
 protected:
  CatalogTest() {
    Catalog::Builder builder;
    builder.SetEpoch(7);
    for (const char* name : {"pg_catalog", "public", "alice", "audit"}) {
      builder.Add(Namespace{.oid = 1, .name = name, .usable_by = {}});
    }
    builder.Add(Namespace{.oid = 1,
                          .name = "secret",
                          .usable_by_all = false,
                          .usable_by = {"bob"}});
    builder.Add(Table(1, "pg_catalog", "pg_class"));
    builder.Add(Table(2, "public", "pg_class"));
    builder.Add(Table(3, "public", "t"));
    builder.Add(Table(4, "alice", "t"));
    Relation parent = Table(5, "public", "parent");
    parent.children = {6, 7};
    Relation child = Table(6, "public", "child");
    child.children = {7};
    builder.Add(std::move(parent));
    builder.Add(std::move(child));
    builder.Add(Table(7, "public", "grandchild"));
    Function f{
        .oid = 20000, .schema = "public", .name = "f", .argument_types = {23}};
    builder.Add(f);
    f.oid = 20001;
    f.schema = "alice";
    builder.Add(f);
    builder.Add(RoleSetting{.this_database = true,
                            .role = "",
                            .name = "search_path",
                            .value = "audit"});
    builder.Add(RoleSetting{.this_database = false,
                            .role = "alice",
                            .name = "search_path",
                            .value = "alice, public"});
    catalog_ = builder.Build();
  }

  SearchPath Path(std::string_view setting, std::string_view role = "alice") {
    return catalog_->EffectivePath(ParseSearchPath(setting), role);
  }

  std::shared_ptr<const Catalog> catalog_;
};

TEST(SearchPathTest, FoldsCaseAndUndoesQuotes) {
  EXPECT_EQ(ParseSearchPath("\"$user\", Public ,\"A\"\"b\""),
            (std::vector<std::string>{"$user", "public", "A\"b"}));
  EXPECT_TRUE(ParseSearchPath("").empty());
  EXPECT_TRUE(ParseSearchPath("a b").empty());
  EXPECT_TRUE(ParseSearchPath("a,").empty());
  EXPECT_TRUE(ParseSearchPath("\"a").empty());
}

TEST_F(CatalogTest, SearchesPgCatalogFirstUnlessThePathNamesIt) {
  EXPECT_EQ(catalog_->ResolveRelation("", "pg_class", Path("public"))->oid, 1u);
  EXPECT_EQ(
      catalog_->ResolveRelation("", "pg_class", Path("public, pg_catalog"))
          ->oid,
      2u);
}

TEST_F(CatalogTest, PutsTheRolesSchemaInPlaceOfUser) {
  EXPECT_EQ(catalog_->ResolveRelation("", "t", Path("\"$user\", public"))->oid,
            4u);
  EXPECT_EQ(
      catalog_->ResolveRelation("", "t", Path("\"$user\", public", "bob"))->oid,
      3u);
}

TEST_F(CatalogTest, PassesOverSchemasThatTheRoleMayNotUse) {
  EXPECT_EQ(Path("secret, public"), (SearchPath{"pg_catalog", "public"}));
  EXPECT_EQ(Path("secret, public", "bob"),
            (SearchPath{"pg_catalog", "secret", "public"}));
  EXPECT_EQ(Path("missing"), (SearchPath{"pg_catalog"}));
}

TEST_F(CatalogTest, LooksInAnExplicitSchemaAlone) {
  EXPECT_EQ(catalog_->ResolveRelation("alice", "t", Path("public"))->oid, 4u);
  EXPECT_EQ(catalog_->ResolveRelation("audit", "t", Path("public")), nullptr);
}

TEST_F(CatalogTest, ListsOverloadsOfAllSchemasOfThePath) {
  EXPECT_EQ(catalog_->FindFunctions("", "f", Path("alice, public")).size(), 2u);
  EXPECT_EQ(catalog_->FindFunctions("", "f", Path("public")).size(), 1u);
  EXPECT_EQ(catalog_->FindFunctions("alice", "f", Path("public")).size(), 1u);
}

TEST_F(CatalogTest, ListsEachDescendantOnce) {
  EXPECT_EQ(catalog_->WithDescendants(*catalog_->FindRelation(5)).size(), 3u);
}

TEST_F(CatalogTest, TakesTheMostSpecificDefaultSearchPath) {
  EXPECT_EQ(catalog_->DefaultSearchPath("alice"), "alice, public");
  EXPECT_EQ(catalog_->DefaultSearchPath("bob"), "audit");
  EXPECT_EQ(catalog_->epoch(), 7u);
}

}  // namespace
}  // namespace pgbraid::sql
