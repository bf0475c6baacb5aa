#include "sql/testing_catalog.h"

#include <utility>

#include "base/check.h"
#include "sql/testing_builtins.h"

namespace pgbraid::sql {
namespace {

// "app.t" as {"app", "t"}, "t" as {"public", "t"}.
std::pair<std::string, std::string> SplitName(std::string_view name) {
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos) return {"public", std::string(name)};
  return {std::string(name.substr(0, dot)), std::string(name.substr(dot + 1))};
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The next part of `text` up to `separator` outside of brackets.
std::string_view Take(std::string_view& text, char separator) {
  int open = 0;
  size_t end = 0;
  for (; end < text.size(); ++end) {
    if (text[end] == '(') ++open;
    if (text[end] == ')') --open;
    if (text[end] == separator && open == 0) break;
  }
  const std::string_view part = Trim(text.substr(0, end));
  text.remove_prefix(end < text.size() ? end + 1 : end);
  return part;
}

}  // namespace

TestingCatalog::TestingCatalog() {
  AddBuiltins(builder_);
  for (const char* name : {"pg_catalog", "information_schema", "public"}) {
    Schema(name);
  }
}

void TestingCatalog::Schema(std::string name) {
  Namespace made;
  made.oid = next_oid_++;
  made.name = std::move(name);
  builder_.Add(std::move(made));
}

Oid TestingCatalog::TypeOid(std::string_view name) const {
  const auto it = types_.find(name);
  if (it != types_.end()) return it->second;
  const Oid oid = BuiltinTypeOid(name);
  PGB_CHECK(oid != 0);
  return oid;
}

std::vector<Column> TestingCatalog::Columns(std::string_view text) {
  std::vector<Column> columns;
  while (!text.empty()) {
    std::string_view part = Take(text, ',');
    Column column;
    column.number = static_cast<int16_t>(columns.size() + 1);
    column.name = Take(part, ' ');
    const std::string type(Take(part, ' '));
    column.type = TypeOid(type);
    column.type_schema = column.type < kFirstUserOid ? "pg_catalog" : "public";
    column.type_name = type;
    if (part.starts_with("not null")) {
      column.not_null = true;
      part = Trim(part.substr(8));
    }
    if (part.starts_with("default "))
      column.default_expression = part.substr(8);
    columns.push_back(std::move(column));
  }
  return columns;
}

Relation& TestingCatalog::Table(std::string_view name,
                                std::string_view columns) {
  auto made = std::make_unique<Relation>();
  made->oid = next_oid_++;
  std::tie(made->schema, made->name) = SplitName(name);
  made->columns = Columns(columns);
  Type row;
  row.oid = next_oid_++;
  row.schema = made->schema;
  row.name = made->name;
  row.kind = 'c';
  types_[row.name] = row.oid;
  builder_.Add(std::move(row));
  relations_.push_back(std::move(made));
  return *relations_.back();
}

Relation& TestingCatalog::View(std::string_view name, std::string definition,
                               std::string_view columns) {
  Relation& view = Table(name, columns);
  view.kind = Relation::Kind::kView;
  view.view_definition = std::move(definition);
  return view;
}

Oid TestingCatalog::UserType(std::string_view name, char kind,
                             std::string_view base, bool has_constraints) {
  Type type;
  type.oid = next_oid_++;
  std::tie(type.schema, type.name) = SplitName(name);
  type.kind = kind;
  if (!base.empty()) type.domain_base = TypeOid(base);
  type.domain_has_constraints = has_constraints;
  const Oid oid = type.oid;
  types_[type.name] = oid;
  builder_.Add(std::move(type));
  return oid;
}

void TestingCatalog::UserFunction(std::string_view name,
                                  std::string_view arguments, char volatility) {
  Function function;
  function.oid = next_oid_++;
  std::tie(function.schema, function.name) = SplitName(name);
  while (!arguments.empty()) {
    function.argument_types.push_back(TypeOid(Take(arguments, ',')));
  }
  function.volatility = volatility;
  builder_.Add(std::move(function));
}

void TestingCatalog::UserOperator(std::string_view name, std::string_view left,
                                  std::string_view right) {
  Operator made;
  made.oid = next_oid_++;
  made.schema = "public";
  made.name = name;
  made.left = TypeOid(left);
  made.right = TypeOid(right);
  builder_.Add(std::move(made));
}

void TestingCatalog::UserCast(std::string_view source, std::string_view target,
                              char context) {
  Cast cast;
  cast.source = TypeOid(source);
  cast.target = TypeOid(target);
  cast.function = next_oid_;
  UserFunction("cast_function", source, 'v');
  cast.context = context;
  builder_.Add(cast);
}

std::shared_ptr<const Catalog> TestingCatalog::Build() {
  for (auto& relation : relations_) builder_.Add(std::move(*relation));
  relations_.clear();
  return builder_.Build();
}

namespace {

void AddTables(TestingCatalog& catalog) {
  catalog.Table("customers",
                "id int4 not null, name text, region text, vip bool, "
                "created_at timestamptz");
  catalog.Table("orders",
                "id int8 not null, customer_id int4, total numeric, note text, "
                "placed date");
  catalog.Table("items",
                "order_id int8, customer_id int4, sku varchar, "
                "qty int4");
  catalog.Table("countries", "code text not null, name text");
  catalog.Table("uuids", "id uuid, v text");
  catalog.Table("app.orders", "id int8, app_only text");
  catalog.Table("app.hidden", "id int4");
  Relation& events = catalog.Table(
      "events", "id int8, created_at timestamptz, kind text, payload jsonb");
  events.kind = Relation::Kind::kPartitioned;
  const Oid events_oid = events.oid;
  Relation& partition =
      catalog.Table("events_2024",
                    "id int8, created_at timestamptz, kind text, "
                    "payload jsonb");
  partition.parents = {events_oid};
  partition.is_partition = true;
  catalog.Table("cache", "id int4, v text").persistence = 'u';
  catalog.Table("remote", "id int4, v text").kind = Relation::Kind::kForeign;
  Relation& leaf = catalog.Table("mixed_leaf", "id int4");
  leaf.kind = Relation::Kind::kForeign;
  const Oid leaf_oid = leaf.oid;
  Relation& mixed = catalog.Table("mixed", "id int4");
  mixed.kind = Relation::Kind::kPartitioned;
  mixed.children = {leaf_oid};
  catalog
      .View("totals",
            "SELECT customer_id, sum(total) AS total FROM public.orders "
            "GROUP BY customer_id",
            "customer_id int4, total numeric")
      .kind = Relation::Kind::kMaterializedView;
  catalog.Table("serials_id_seq", "last_value int8").kind =
      Relation::Kind::kSequence;
  catalog.Table("serials",
                "id int4 default nextval('public.serials_id_seq'::regclass), "
                "v text");
  catalog.Table("stamped", "id int4, at timestamptz default app.stamp()");
  catalog.Table("pg_catalog.pg_class", "oid oid, relname name");
  catalog.Table("pg_catalog.pg_locks", "pid int4").kind = Relation::Kind::kView;
  catalog.Table("information_schema.tables", "table_name text").kind =
      Relation::Kind::kView;
  catalog.Table("triggered", "id int4, v text").has_triggers = true;
  catalog.Table("ruled", "id int4, v text").has_rules = true;
  Relation& secured = catalog.Table("secured", "id int4, owner text");
  secured.row_security = true;
  secured.policies.push_back({.name = "own",
                              .roles = {},
                              .using_expression = "app.may_see(owner)",
                              .check_expression = {}});
  Relation& own = catalog.Table("own_rows", "id int4, owner text");
  own.row_security = true;
  own.policies.push_back(
      {.name = "own",
       .roles = {},
       .using_expression = "(owner = CURRENT_USER) AND (EXISTS (SELECT 1 FROM "
                           "public.countries WHERE countries.code = owner))",
       .check_expression = {}});
}

void AddUserTypes(TestingCatalog& catalog) {
  catalog.UserType("citext", 'b');
  catalog.UserType("mood", 'e');
  catalog.UserType("positive", 'd', "int4", true);
  catalog.UserType("plain_text", 'd', "text");
  catalog.Table("emails", "id int4, address citext, note text");
  catalog.Table("moods", "id int4, mood mood");
  catalog.Table("domains", "id int4, amount positive, label plain_text");
  catalog.UserOperator("=", "citext", "citext");
  catalog.UserOperator("===", "int4", "int4");
  catalog.UserOperator("||", "citext", "citext");
  catalog.UserFunction("total", "orders", 's');
  catalog.UserFunction("bump", "int4", 'v');
  catalog.UserFunction("pure", "int4", 'i');
  catalog.UserFunction("max", "citext", 'i');
  catalog.UserFunction("left", "citext,int4,int4", 'i');
  catalog.UserFunction("app.stamp", "", 'v');
  catalog.UserFunction("app.may_see", "text", 's');
  catalog.UserFunction("dblink", "text", 'v');
}

void AddViews(TestingCatalog& catalog) {
  catalog.View("v_customers",
               "SELECT customers.id, customers.name FROM public.customers "
               "WHERE customers.region = 'eu'::text",
               "id int4, name text");
  catalog.View("v_nested", "SELECT v_customers.id FROM public.v_customers",
               "id int4");
  catalog.View("v_next",
               "SELECT nextval('public.serials_id_seq'::regclass) AS n",
               "n int8");
  catalog.View("v_next_nested", "SELECT v_next.n FROM public.v_next", "n int8");
  catalog.View("v_bump",
               "SELECT public.bump(customers.id) AS b "
               "FROM public.customers",
               "b int4");
  catalog.View("v_operator",
               "SELECT customers.id FROM public.customers WHERE "
               "customers.id OPERATOR(public.===) 5",
               "id int4");
  catalog.View("v_domain",
               "SELECT (customers.id)::public.positive AS id "
               "FROM public.customers",
               "id int4");
  catalog.View("v_lock",
               "SELECT customers.id FROM public.customers "
               "FOR UPDATE OF customers",
               "id int4");
  catalog.View("v_secured", "SELECT secured.id FROM public.secured", "id int4");
  catalog.View("v_advisory", "SELECT pg_advisory_lock((1)::bigint) AS l",
               "l int4");
  catalog.View("v_broken", "SELECT FROM WHERE", "id int4");
  catalog.View("v_sees_cte",
               "WITH countries AS (SELECT 1 AS x) SELECT countries.x "
               "FROM countries",
               "x int4");
}

}  // namespace

std::shared_ptr<const Catalog> SampleCatalog() {
  TestingCatalog catalog;
  catalog.Schema("app");
  catalog.Schema("alice");
  AddTables(catalog);
  AddUserTypes(catalog);
  AddViews(catalog);
  return catalog.Build();
}

}  // namespace pgbraid::sql
