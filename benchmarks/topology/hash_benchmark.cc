// What routing by a key costs: reading it, hashing it, finding its shard.

#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "topology/key_parse.h"
#include "topology/pg_hash.h"
#include "topology/shard_map.h"

namespace pgbraid::topology {
namespace {

constexpr KeyContext kContext{.utf8 = true, .utc = true};

// Three shards with a table of each kind, bound.
const ShardMap& Map() {
  static const ShardMap* map = [] {
    StatusOr<ShardMap> parsed = ShardMap::Parse(
        "s0=a:1; s1=b:1; s2=c:1",
        "orders:hash(id), people:hash(id, name), regions:list(r; 'eu','uk' = "
        "s0; 'us' = s1; default = s2), numbers:range(n; < 1000 = s0; < 5000 = "
        "s1; * = s2), events:time(at, 1 month), countries:reference");
    if (!parsed.ok()) std::abort();
    KeyColumn int8{.type = KeyType::kInt8};
    KeyColumn text{.type = KeyType::kText};
    KeyColumn time{.type = KeyType::kTimestamptz};
    std::array tables = {TableKeyColumns{"public", "orders", {int8}},
                         TableKeyColumns{"public", "people", {int8, text}},
                         TableKeyColumns{"public", "regions", {text}},
                         TableKeyColumns{"public", "numbers", {int8}},
                         TableKeyColumns{"public", "events", {time}}};
    StatusOr<ShardMap> bound = parsed->Bind(tables, 2);
    if (!bound.ok()) std::abort();
    return new ShardMap(*std::move(bound));
  }();
  return *map;
}

void BM_PgHash_Int8(benchmark::State& state) {
  int64_t value = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(HashInt8Extended(value++, kHashPartitionSeed));
  }
}
BENCHMARK(BM_PgHash_Int8);

void BM_PgHash_Text(benchmark::State& state) {
  std::string text(state.range(0), 'x');
  for (auto _ : state) {
    benchmark::DoNotOptimize(text);
    benchmark::DoNotOptimize(HashBytesExtended(text, kHashPartitionSeed));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_PgHash_Text)->Arg(4)->Arg(16)->Arg(36)->Arg(1000);

void ReadLiteral(benchmark::State& state, const KeyColumn& column,
                 LiteralForm form, std::string_view text) {
  Literal literal{.form = form, .text = text};
  for (auto _ : state) {
    benchmark::DoNotOptimize(literal);
    benchmark::DoNotOptimize(FromLiteral(column, literal, kContext));
  }
}
void BM_FromLiteral_Integer(benchmark::State& state) {
  ReadLiteral(state, {.type = KeyType::kInt4}, LiteralForm::kInteger, "84217");
}
BENCHMARK(BM_FromLiteral_Integer);
void BM_FromLiteral_Text12(benchmark::State& state) {
  ReadLiteral(state, {.type = KeyType::kText}, LiteralForm::kString,
              "customer-123");
}
BENCHMARK(BM_FromLiteral_Text12);
void BM_FromLiteral_Uuid(benchmark::State& state) {
  ReadLiteral(state, {.type = KeyType::kUuid}, LiteralForm::kString,
              "00112233-4455-6677-8899-aabbccddeeff");
}
BENCHMARK(BM_FromLiteral_Uuid);
void BM_FromLiteral_Timestamptz(benchmark::State& state) {
  ReadLiteral(state, {.type = KeyType::kTimestamptz}, LiteralForm::kString,
              "2024-03-10 12:34:56.789+02:00");
}
BENCHMARK(BM_FromLiteral_Timestamptz);

void BM_FromBinaryParameter_Int8(benchmark::State& state) {
  std::string_view bytes("\0\0\0\0\0\x01\x48\xF9", 8);
  KeyColumn column{.type = KeyType::kInt8};
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes);
    benchmark::DoNotOptimize(FromBinaryParameter(column, 20, bytes, kContext));
  }
}
BENCHMARK(BM_FromBinaryParameter_Int8);

template <size_t kColumns>
void AskForEqual(benchmark::State& state, std::string_view table,
                 const std::array<KeyValue, kColumns>& key) {
  const TableDistribution* distribution = Map().FindTable("public", table);
  for (auto _ : state) {
    benchmark::DoNotOptimize(key);
    benchmark::DoNotOptimize(distribution->ForEqual(key));
  }
}
void BM_ForEqual_Hash(benchmark::State& state) {
  AskForEqual<1>(state, "orders", {KeyValue::Int(84217)});
}
BENCHMARK(BM_ForEqual_Hash);
void BM_ForEqual_HashOfTwoColumns(benchmark::State& state) {
  AskForEqual<2>(state, "people",
                 {KeyValue::Int(84217), KeyValue::Text("customer-123")});
}
BENCHMARK(BM_ForEqual_HashOfTwoColumns);
void BM_ForEqual_List(benchmark::State& state) {
  AskForEqual<1>(state, "regions", {KeyValue::Text("us")});
}
BENCHMARK(BM_ForEqual_List);
void BM_ForEqual_Range(benchmark::State& state) {
  AskForEqual<1>(state, "numbers", {KeyValue::Int(1500)});
}
BENCHMARK(BM_ForEqual_Range);
void BM_ForEqual_Time(benchmark::State& state) {
  AskForEqual<1>(state, "events", {KeyValue::Int(763'000'000'000'000)});
}
BENCHMARK(BM_ForEqual_Time);

void BM_ForRange_AMonth(benchmark::State& state) {
  const TableDistribution* events = Map().FindTable("public", "events");
  KeyBound lower{KeyValue::Int(763'000'000'000'000), true};
  KeyBound upper{KeyValue::Int(765'500'000'000'000), false};
  for (auto _ : state) {
    benchmark::DoNotOptimize(lower);
    benchmark::DoNotOptimize(events->ForRange(&lower, &upper));
  }
}
BENCHMARK(BM_ForRange_AMonth);

void BM_FindTable(benchmark::State& state) {
  std::string_view name = "orders";
  for (auto _ : state) {
    benchmark::DoNotOptimize(name);
    benchmark::DoNotOptimize(Map().FindTable("public", name));
  }
}
BENCHMARK(BM_FindTable);

// From the table's name and the literal to the shard.
void BM_TextToShard_Integer(benchmark::State& state) {
  Literal literal{.form = LiteralForm::kInteger, .text = "84217"};
  for (auto _ : state) {
    benchmark::DoNotOptimize(literal);
    const TableDistribution* table = Map().FindTable("public", "orders");
    ParsedKey key = FromLiteral(table->key_types().front(), literal, kContext);
    benchmark::DoNotOptimize(table->ForEqual({&key.value, 1}).First());
  }
}
BENCHMARK(BM_TextToShard_Integer);

}  // namespace
}  // namespace pgbraid::topology
