// From a text to its routed query: fingerprint, statement cache, and on a miss
// the analysis.
//
// One reactor's own.
#ifndef PGBRAID_ROUTER_RECOGNIZER_H_
#define PGBRAID_ROUTER_RECOGNIZER_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "pool/environment.h"
#include "pool/parameters.h"
#include "router/options.h"
#include "router/routed_query.h"
#include "router/routing_snapshot.h"
#include "sql/analysis.h"
#include "sql/fingerprint.h"
#include "sql/statement_cache.h"
#include "topology/key_parse.h"

namespace pgbraid::router {

// Everything beside its text that decides what a statement means: made anew
// when a session's settings or the snapshot change, and shared by the sessions
// for which it is the same.
struct StatementContext {
  sql::StatementCacheContext cache_context;
  sql::AnalysisInput input;  // its catalog is set for each analysis
  sql::LexerModes modes;
  topology::KeyContext keys;
  bool utf8_client = false;  // client_encoding is UTF8
  RoutingSnapshotRef snapshot;
  // What it was made from.
  pool::EnvironmentRef environment;
  pool::ParametersRef parameters;
};

using StatementContextRef = std::shared_ptr<const StatementContext>;

// A text and what it means.
struct Recognized {
  std::shared_ptr<const RoutedQuery> query;
  sql::Fingerprint fingerprint;
  const StatementContext* context = nullptr;
  // Set instead of `query` where a hint can't be followed.
  Status error;
};

class Recognizer {
 public:
  // `options` outlives it. `seed` is the process's.
  Recognizer(const RouterOptions* options, uint64_t seed);

  // The context of a session: its user's name, effective settings, what servers
  // report of them, and the snapshot of its database.
  StatementContextRef ContextFor(const std::string& database,
                                 const std::string& user,
                                 const pool::EnvironmentRef& environment,
                                 const pool::ParametersRef& parameters,
                                 const RoutingSnapshotRef& snapshot);

  void Recognize(std::string_view text, const StatementContextRef& context,
                 Recognized* out);

  const sql::StatementCacheStats& stats() const { return cache_.stats(); }

 private:
  std::shared_ptr<const RoutedQuery> Analyze(
      std::string_view text, const sql::Fingerprint& fingerprint,
      const StatementContext& context, const sql::Hint& hint);

  using ContextKey = std::tuple<std::string, std::string, const void*,
                                const void*, const void*>;

  const RouterOptions* const options_;
  const uint64_t seed_;
  sql::StatementCacheContextInterner interner_;
  sql::StatementCache<RoutedQuery> cache_;
  std::map<ContextKey, std::weak_ptr<const StatementContext>> contexts_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_RECOGNIZER_H_
