// A small database on three shards, and statements planned over it: what the
// planner's tests share.
#ifndef PGBRAID_ROUTER_PLANNING_FIXTURE_H_
#define PGBRAID_ROUTER_PLANNING_FIXTURE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "router/planner.h"
#include "router/routed_query.h"
#include "sql/analysis.h"
#include "sql/testing_catalog.h"
#include "topology/shard_map.h"

namespace pgbraid::router {

class PlanningFixture {
 public:
  PlanningFixture() {
    sql::TestingCatalog tables;
    tables.Table("customers", "id int4, name text");
    tables.Table("orders", "customer_id int4, number int4, item text");
    tables.Table("pairs", "a int4, b text");
    tables.Table("regions", "code text, city text");
    tables.Table("levels", "n int4, label text");
    tables.Table("events", "at timestamptz, what text");
    tables.Table("countries", "code text, name text");
    tables.Table("notes", "a int4, b text");
    tables.Table("plain", "a int4, b text");
    tables.Table("watched", "id int4, v text").has_triggers = true;
    tables.View("names",
                "SELECT customers.id, customers.name FROM public.customers",
                "id int4, name text");
    tables.UserFunction("total", "", 's');
    catalog_ = tables.Build();
    auto parsed = topology::ShardMap::Parse(
        "s0=h:1/app; s1=h:2/app; s2=h:3/app",
        "customers:hash(id), orders:hash(customer_id), pairs:hash(a, b), "
        "watched:hash(id), regions:list(code; 'eu' = s0; 'us' = s1), "
        "levels:range(n; < 100 = s0; < 200 = s1; * = s2), "
        "events:time(at, 1 month), countries:reference, notes:shard(s1)");
    using topology::KeyColumn;
    using topology::KeyType;
    const KeyColumn number{.type = KeyType::kInt4};
    const KeyColumn text{.type = KeyType::kText};
    const KeyColumn time{.type = KeyType::kTimestamptz};
    const std::vector<topology::TableKeyColumns> keys = {
        {"public", "customers", {number}},   {"public", "orders", {number}},
        {"public", "pairs", {number, text}}, {"public", "watched", {number}},
        {"public", "regions", {text}},       {"public", "levels", {number}},
        {"public", "events", {time}}};
    map_ = std::make_shared<const topology::ShardMap>(
        *parsed->Bind({keys.data(), keys.size()}, 2));
  }

  std::shared_ptr<const RoutedQuery> Route(std::string_view text,
                                           const sql::Hint& hint = {}) {
    fingerprint_ = sql::MakeFingerprint(text, sql::LexerModes(), 7);
    sql::AnalysisInput input;
    input.catalog = catalog_.get();
    input.search_path = {"public"};
    input.role = "app";
    return RoutedQuery::Make(sql::Analyze(text, fingerprint_, input), text,
                             map_, catalog_.get(), hint);
  }

  // The plan of a text; `bind` and `types` as the extended protocol gives them.
  Plan PlanOf(const std::string& text, const wire::BindMessage* bind = nullptr,
              std::vector<wire::Oid> types = {}, const sql::Hint& hint = {}) {
    query_ = Route(text, hint);
    ExecutionValues values;
    values.text = text;
    values.fingerprint = &fingerprint_;
    values.context = {.utf8 = true, .utc = true};
    values.bind = bind;
    values.parameter_types = types;
    values.used_once = &query_->used_once();
    return PlanQuery(*query_, values);
  }

  // "s1", "s0,s2", "any", or "0A000: reason".
  std::string Where(const Plan& plan) {
    if (plan.refused()) {
      return SqlStateOf(plan.refusal) + ": " + MessageOf(plan.refusal);
    }
    if (plan.kind == Plan::Kind::kAnyShard) return "any";
    std::string shards;
    for (int shard : plan.shards) {
      if (!shards.empty()) shards += ",";
      shards += map_->shards()[shard].name;
    }
    return shards;
  }
  std::string Where(const std::string& text) { return Where(PlanOf(text)); }

  // The shard of a customer (or an order) with this key, by PostgreSQL's hash.
  std::string ShardOf(int key) {
    const topology::KeyValue value = topology::KeyValue::Int(key);
    int shard =
        map_->FindTable("public", "customers")->ForEqual({&value, 1}).First();
    return map_->shards()[shard].name;
  }

  const topology::ShardMap& map() const { return *map_; }

 private:
  std::shared_ptr<const sql::Catalog> catalog_;
  std::shared_ptr<const topology::ShardMap> map_;
  std::shared_ptr<const RoutedQuery> query_;
  sql::Fingerprint fingerprint_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_PLANNING_FIXTURE_H_
