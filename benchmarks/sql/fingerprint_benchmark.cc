// What it costs to recognise a text: the pass over it and the look-up.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "benchmark/benchmark.h"
#include "sql/fingerprint.h"
#include "sql/lexer.h"
#include "sql/statement_cache.h"

namespace pgbraid::sql {
namespace {

constexpr uint64_t kSeed = 0x9b97'41c1'0d5f'8a27;
constexpr LexerModes kModes;
constexpr std::string_view kSelect =
    "SELECT abalance FROM pgbench_accounts WHERE aid = 12345;";
constexpr std::string_view kJoin =
    "SELECT o.id, o.created_at, c.name, c.email, sum(l.price * l.quantity) AS "
    "total FROM orders o JOIN customers c ON c.id = o.customer_id JOIN "
    "order_lines l ON l.order_id = o.id WHERE o.customer_id = 4711 AND "
    "o.state IN ('open', 'paid', 'shipped') AND o.created_at >= "
    "'2024-01-01 00:00:00+00' AND l.price > 9.99 GROUP BY o.id, "
    "o.created_at, c.name, c.email ORDER BY o.created_at DESC LIMIT 20";

// An INSERT of 10 KB with rows like this one.
std::string LongInsert(std::string_view row) {
  std::string text = "INSERT INTO events (id, kind, value) VALUES ";
  while (text.size() < 10'000) text.append(row).append(", ");
  text.resize(text.size() - 2);
  return text;
}

void Measure(benchmark::State& state, std::string_view text) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(text.data());
    Fingerprint fingerprint = MakeFingerprint(text, kModes, kSeed);
    benchmark::DoNotOptimize(fingerprint);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) *
                          static_cast<int64_t>(text.size()));
}

void BM_Fingerprint_PgbenchSelect(benchmark::State& state) {
  Measure(state, kSelect);
}
BENCHMARK(BM_Fingerprint_PgbenchSelect);

void BM_Fingerprint_Parameter(benchmark::State& state) {
  Measure(state, "SELECT abalance FROM pgbench_accounts WHERE aid = $1");
}
BENCHMARK(BM_Fingerprint_Parameter);

void BM_Fingerprint_Begin(benchmark::State& state) { Measure(state, "BEGIN"); }
BENCHMARK(BM_Fingerprint_Begin);

void BM_Fingerprint_Join(benchmark::State& state) { Measure(state, kJoin); }
BENCHMARK(BM_Fingerprint_Join);

void BM_Fingerprint_LongInsert(benchmark::State& state) {
  Measure(state, LongInsert("(12345, 'page_view', 'https://example.org/a/b', "
                            "3.14)"));
}
BENCHMARK(BM_Fingerprint_LongInsert);

void BM_Fingerprint_LongInsertOfNumbers(benchmark::State& state) {
  Measure(state, LongInsert("(12345,7,98765)"));
}
BENCHMARK(BM_Fingerprint_LongInsertOfNumbers);

void BM_Fingerprint_LongString(benchmark::State& state) {
  Measure(state, "INSERT INTO t VALUES ('" + std::string(10'000, 'x') + "')");
}
BENCHMARK(BM_Fingerprint_LongString);

void BM_Lexer_PgbenchSelect(benchmark::State& state) {
  for (auto _ : state) {
    Lexer lexer(kSelect, kModes);
    while (lexer.Next().kind != TokenKind::kEnd) {
    }
  }
}
BENCHMARK(BM_Lexer_PgbenchSelect);

// A cache of 1,000 shapes; every second one of them by text if `by_text`.
class CacheOfThousand {
 public:
  explicit CacheOfThousand(bool by_text) : cache_({.seed = kSeed}) {
    for (int i = 0; i < 1000; ++i) {
      std::string text = "SELECT abalance FROM pgbench_accounts_" +
                         std::to_string(i) + "_ WHERE aid = 12345;";
      cache_.Insert(text, MakeFingerprint(text, kModes, kSeed), {1},
                    std::make_shared<const int>(i), by_text, 100);
      texts_.push_back(std::move(text));
    }
  }

  const std::string& text(size_t i) const { return texts_[i % 1000]; }
  StatementCache<int>& cache() { return cache_; }

 private:
  StatementCache<int> cache_;
  std::vector<std::string> texts_;
};

// The look-up alone, always of the same text.
void BM_StatementCache_Hit(benchmark::State& state) {
  CacheOfThousand filled(false);
  const std::string& text = filled.text(7);
  const Fingerprint fingerprint = MakeFingerprint(text, kModes, kSeed);
  for (auto _ : state) {
    benchmark::DoNotOptimize(filled.cache().Find(text, fingerprint, {1}));
  }
}
BENCHMARK(BM_StatementCache_Hit);

void BM_StatementCache_HitByText(benchmark::State& state) {
  CacheOfThousand filled(true);
  const std::string& text = filled.text(7);
  const Fingerprint fingerprint = MakeFingerprint(text, kModes, kSeed);
  for (auto _ : state) {
    benchmark::DoNotOptimize(filled.cache().Find(text, fingerprint, {1}));
  }
}
BENCHMARK(BM_StatementCache_HitByText);

void BM_StatementCache_Miss(benchmark::State& state) {
  CacheOfThousand filled(false);
  const Fingerprint fingerprint = MakeFingerprint(kSelect, kModes, kSeed);
  for (auto _ : state) {
    benchmark::DoNotOptimize(filled.cache().Find(kSelect, fingerprint, {1}));
  }
}
BENCHMARK(BM_StatementCache_Miss);

// From the bytes to the value, a thousand texts in turn.
void BM_Recognise_ThousandTexts(benchmark::State& state) {
  CacheOfThousand filled(false);
  size_t i = 0;
  for (auto _ : state) {
    const std::string& text = filled.text(i++);
    const Fingerprint fingerprint = MakeFingerprint(text, kModes, kSeed);
    benchmark::DoNotOptimize(filled.cache().Find(text, fingerprint, {1}));
  }
}
BENCHMARK(BM_Recognise_ThousandTexts);

}  // namespace
}  // namespace pgbraid::sql
