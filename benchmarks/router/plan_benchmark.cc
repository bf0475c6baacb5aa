// From a text to a plan, for texts that are known: what routing adds to every
// query. The target is 250 ns for a pgbench select, lexer to plan.
//
//   bazel run //benchmarks/router:plan_benchmark

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <utility>

#include "pool/environment.h"
#include "pool/parameters.h"
#include "router/planner.h"
#include "router/recognizer.h"
#include "sql/catalog.h"
#include "topology/shard_map.h"
#include "wire/bind.h"

namespace pgbraid::router {
namespace {

sql::Column MakeColumn(std::string name, int16_t number, sql::Oid type,
                       std::string type_name) {
  sql::Column column;
  column.name = std::move(name);
  column.number = number;
  column.type = type;
  column.type_schema = "pg_catalog";
  column.type_name = std::move(type_name);
  return column;
}

std::shared_ptr<const sql::Catalog> MakeCatalog() {
  sql::Catalog::Builder builder;
  builder.SetEpoch(1);
  for (auto [oid, name] :
       {std::pair<sql::Oid, const char*>{11, "pg_catalog"}, {2200, "public"}}) {
    sql::Namespace schema;
    schema.oid = oid;
    schema.name = name;
    builder.Add(std::move(schema));
  }
  sql::Type int4;
  int4.oid = 23;
  int4.schema = "pg_catalog";
  int4.name = "int4";
  builder.Add(std::move(int4));
  sql::Function equal;
  equal.oid = 65;
  equal.schema = "pg_catalog";
  equal.name = "int4eq";
  equal.argument_types = {23, 23};
  equal.return_type = 16;
  equal.volatility = 'i';
  builder.Add(std::move(equal));
  sql::Operator equals;
  equals.oid = 96;
  equals.schema = "pg_catalog";
  equals.name = "=";
  equals.left = equals.right = 23;
  equals.result = 16;
  equals.volatility = 'i';
  builder.Add(std::move(equals));
  sql::Relation accounts;
  accounts.oid = 20000;
  accounts.schema = "public";
  accounts.name = "pgbench_accounts";
  accounts.columns = {MakeColumn("aid", 1, 23, "int4"),
                      MakeColumn("bid", 2, 23, "int4"),
                      MakeColumn("abalance", 3, 23, "int4")};
  builder.Add(std::move(accounts));
  return builder.Build();
}

// A session on two shards that split pgbench_accounts by aid.
struct Fixture {
  Fixture() : recognizer(&options, 42) {
    auto parsed = topology::ShardMap::Parse(
        "s0=127.0.0.1:1/app; s1=127.0.0.1:2/app", "pgbench_accounts:hash(aid)");
    topology::TableKeyColumns keys{"public", "pgbench_accounts", {}};
    keys.columns.emplace_back().type = topology::KeyType::kInt4;
    auto bound = parsed->Bind({&keys, 1}, 1);
    auto snapshot = std::make_shared<RoutingSnapshot>();
    snapshot->epoch = 1;
    snapshot->map =
        std::make_shared<const topology::ShardMap>(*std::move(bound));
    snapshot->catalogs = {MakeCatalog(), MakeCatalog()};
    pool::ParametersRef parameters =
        parameter_table.Intern({{"client_encoding", "UTF8"},
                                {"server_encoding", "UTF8"},
                                {"standard_conforming_strings", "on"},
                                {"TimeZone", "Etc/UTC"}});
    context = recognizer.ContextFor("app", "app", environments.empty(),
                                    parameters, snapshot);
  }

  RouterOptions options;
  Recognizer recognizer;
  pool::EnvironmentTable environments;
  pool::ParametersTable parameter_table;
  StatementContextRef context;
};

ExecutionValues ValuesOf(const Recognized& recognized, std::string_view text,
                         const StatementContext& context) {
  ExecutionValues values;
  values.text = text;
  values.fingerprint = &recognized.fingerprint;
  values.modes = context.modes;
  values.context = context.keys;
  return values;
}

void BM_Planner_SimpleSelect(benchmark::State& state) {
  Fixture fixture;
  const std::string text =
      "SELECT abalance FROM pgbench_accounts WHERE aid = 34567;";
  Recognized recognized;
  Plan plan;
  for (auto _ : state) {
    fixture.recognizer.Recognize(text, fixture.context, &recognized);
    plan = PlanQuery(*recognized.query,
                     ValuesOf(recognized, text, *fixture.context));
    benchmark::DoNotOptimize(plan);
  }
  if (plan.kind != Plan::Kind::kOneShard) {
    state.SkipWithError("the select was not routed to one shard");
  }
}
BENCHMARK(BM_Planner_SimpleSelect);

void BM_Planner_Bind(benchmark::State& state) {
  Fixture fixture;
  const std::string text =
      "SELECT abalance FROM pgbench_accounts WHERE aid = $1;";
  Recognized recognized;
  fixture.recognizer.Recognize(text, fixture.context, &recognized);
  std::string message;
  wire::AppendTextBind("", "P0_1", {std::string_view("34567")}, &message);
  std::string_view body = std::string_view(message).substr(5);
  Plan plan;
  for (auto _ : state) {
    wire::BindMessage bind;
    bool parsed = wire::ParseBind(body, &bind).ok();
    benchmark::DoNotOptimize(parsed);
    ExecutionValues values = ValuesOf(recognized, text, *fixture.context);
    values.bind = &bind;
    values.used_once = &recognized.query->used_once();
    plan = PlanQuery(*recognized.query, values);
    benchmark::DoNotOptimize(plan);
  }
  if (plan.kind != Plan::Kind::kOneShard) {
    state.SkipWithError("the select was not routed to one shard");
  }
}
BENCHMARK(BM_Planner_Bind);

void BM_Planner_Miss(benchmark::State& state) {
  Fixture fixture;
  Recognized recognized;
  int column = 0;
  for (auto _ : state) {
    // Another shape each time.
    std::string text = "SELECT abalance AS c" + std::to_string(++column) +
                       " FROM pgbench_accounts WHERE aid = 34567;";
    fixture.recognizer.Recognize(text, fixture.context, &recognized);
    benchmark::DoNotOptimize(recognized.query);
  }
}
BENCHMARK(BM_Planner_Miss);

}  // namespace
}  // namespace pgbraid::router
