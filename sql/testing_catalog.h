// A small language for catalogs in tests.
//
//   TestingCatalog catalog;
//   catalog.Table("orders", "id int8 not null, customer_id int4, note text");
//   catalog.View("recent", "SELECT orders.id FROM public.orders",
//                "id int8");
//   auto snapshot = catalog.Build();
//
// Names without a schema are made in "public". OIDs are dealt out from 20000.
// PostgreSQL's own functions, operators and types (AddBuiltins) are there.
#ifndef PGBRAID_SQL_TESTING_CATALOG_H_
#define PGBRAID_SQL_TESTING_CATALOG_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog.h"

namespace pgbraid::sql {

class TestingCatalog {
 public:
  TestingCatalog();

  void Schema(std::string name);

  // `columns`: "name type [not null] [default expression], ...". A type is one
  // of PostgreSQL's or one made before. The reference is good until the next
  // call; change what else the relation should have through it. A row type is
  // made with it.
  Relation& Table(std::string_view name, std::string_view columns);
  Relation& View(std::string_view name, std::string definition,
                 std::string_view columns);

  // `kind` as pg_type.typtype. `base`: of a domain.
  Oid UserType(std::string_view name, char kind, std::string_view base = {},
               bool has_constraints = false);
  // `arguments`: types, with commas between them.
  void UserFunction(std::string_view name, std::string_view arguments,
                    char volatility);
  void UserOperator(std::string_view name, std::string_view left,
                    std::string_view right);
  void UserCast(std::string_view source, std::string_view target, char context);

  // Leaves nothing behind.
  std::shared_ptr<const Catalog> Build();

 private:
  Oid TypeOid(std::string_view name) const;
  std::vector<Column> Columns(std::string_view text);

  Catalog::Builder builder_;
  Oid next_oid_ = 20000;
  std::map<std::string, Oid, std::less<>> types_;
  std::vector<std::unique_ptr<Relation>> relations_;
};

// The catalog that most tests of the analysis share; its objects are listed in
// testing_catalog.cc.
std::shared_ptr<const Catalog> SampleCatalog();

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_TESTING_CATALOG_H_
