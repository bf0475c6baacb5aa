#include "router/recognizer.h"

#include <cctype>
#include <utility>

#include "sql/hints.h"

namespace pgbraid::router {
namespace {

constexpr size_t kMaxContexts = 4096;

std::string_view ValueOf(const pool::Parameters& parameters,
                         std::string_view name) {
  auto found = parameters.find(name);
  return found == parameters.end() ? std::string_view() : found->second;
}

bool IsOn(std::string_view value) {
  return value == "on" || value == "true" || value == "yes" || value == "1";
}

// Where bytes below 0x80 may be the second half of another character, a text
// can't be taken apart (LexerModes).
bool IsAsciiSafe(std::string_view encoding) {
  for (std::string_view unsafe :
       {"BIG5", "GBK", "GB18030", "JOHAB", "SJIS", "SHIFT_JIS_2004", "UHC"}) {
    if (encoding == unsafe) return false;
  }
  return true;
}

bool IsUtf8Safe(std::string_view encoding) {
  return encoding == "UTF8" || encoding == "SQL_ASCII";
}

// The relations that the map places on one named shard, but that the catalog
// analysed with does not have: their shard's catalog knows them.
int ShardOfUnknownRelation(const sql::Query& query,
                           const topology::ShardMap& map) {
  for (const sql::Statement& statement : query.statements) {
    for (const sql::RelationRef& relation : statement.relations) {
      if (relation.oid != 0) continue;
      const auto* table = map.FindTable(
          relation.schema.empty() ? "public" : relation.schema, relation.name);
      if (table != nullptr &&
          table->kind() == topology::DistributionKind::kSingle) {
        return table->spec().single_shard;
      }
    }
  }
  return -1;
}

}  // namespace

Recognizer::Recognizer(const RouterOptions* options, uint64_t seed)
    : options_(options), seed_(seed), cache_([seed] {
        sql::StatementCacheOptions cache_options;
        cache_options.seed = seed;
        return cache_options;
      }()) {}

StatementContextRef Recognizer::ContextFor(
    const std::string& database, const std::string& user,
    const pool::EnvironmentRef& environment,
    const pool::ParametersRef& parameters, const RoutingSnapshotRef& snapshot) {
  ContextKey key(database, user, environment.get(), parameters.get(),
                 snapshot.get());
  std::weak_ptr<const StatementContext>& place = contexts_[key];
  if (StatementContextRef known = place.lock()) return known;
  auto context = std::make_shared<StatementContext>();
  context->snapshot = snapshot;
  context->environment = environment;
  context->parameters = parameters;
  std::string_view scs = ValueOf(*parameters, "standard_conforming_strings");
  std::string_view encoding = ValueOf(*parameters, "client_encoding");
  context->modes.standard_conforming_strings = scs.empty() || IsOn(scs);
  context->modes.ascii_safe_encoding = IsAsciiSafe(encoding);
  context->utf8_client = encoding == "UTF8";
  context->keys.utf8 =
      IsUtf8Safe(encoding) && ValueOf(*parameters, "server_encoding") == "UTF8";
  context->keys.utc = topology::IsUtcTimeZone(ValueOf(*parameters, "TimeZone"));

  sql::AnalysisInput& input = context->input;
  input.role =
      environment->role().empty() ? user : std::string(environment->role());
  input.modes = context->modes;
  input.functions = &options_->functions;
  const sql::Catalog* catalog =
      snapshot != nullptr ? snapshot->catalogs[0].get() : nullptr;
  const pool::Setting* path = environment->Find("search_path");
  std::string path_text =
      path != nullptr ? path->value
                      : (catalog != nullptr ? catalog->DefaultSearchPath(user)
                                            : "\"$user\", public");
  input.search_path = sql::ParseSearchPath(path_text);
  const pool::Setting* null_equals = environment->Find("transform_null_equals");
  input.transform_null_equals =
      null_equals != nullptr && null_equals->value != "off";

  sql::StatementCacheContextParts parts;
  parts.database = database;
  parts.role = input.role;
  parts.search_path = path_text;
  parts.settings = input.transform_null_equals ? "transform_null_equals" : "";
  parts.catalog_epoch = snapshot != nullptr ? snapshot->epoch : 0;
  parts.shard_map_epoch = snapshot != nullptr ? snapshot->map->epoch() : 0;
  parts.modes = context->modes;
  parts.hints_allowed = options_->allow_hints;
  context->cache_context = interner_.Intern(parts);

  place = context;
  if (contexts_.size() > kMaxContexts) {
    std::erase_if(contexts_,
                  [](const auto& entry) { return entry.second.expired(); });
  }
  return context;
}

void Recognizer::Recognize(std::string_view text,
                           const StatementContextRef& context,
                           Recognized* out) {
  out->context = context.get();
  out->error = OkStatus();
  out->fingerprint = sql::MakeFingerprint(text, context->modes, seed_);
  const auto* found =
      cache_.Find(text, out->fingerprint, context->cache_context);
  if (found != nullptr) {
    out->query = *found;
    return;
  }
  sql::Hint hint;
  if (options_->allow_hints) {
    auto parsed = sql::ParseLeadingHint(text);
    if (!parsed.ok()) {
      out->query = nullptr;
      out->error = parsed.status();
      return;
    }
    hint = *std::move(parsed);
  }
  out->query = Analyze(text, out->fingerprint, *context, hint);
  cache_.Insert(text, out->fingerprint, context->cache_context, out->query,
                out->query->query().by_text, out->query->HeapBytes());
}

std::shared_ptr<const RoutedQuery> Recognizer::Analyze(
    std::string_view text, const sql::Fingerprint& fingerprint,
    const StatementContext& context, const sql::Hint& hint) {
  const RoutingSnapshot& snapshot = *context.snapshot;
  int shard = 0;
  if (hint.shard) {
    shard = snapshot.map->FindShard(*hint.shard).value_or(0);
  }
  sql::AnalysisInput input = context.input;
  input.catalog = snapshot.catalogs[shard].get();
  sql::Query query = sql::Analyze(text, fingerprint, input);
  int other = hint.shard ? -1 : ShardOfUnknownRelation(query, *snapshot.map);
  if (other > 0) {
    shard = other;
    input.catalog = snapshot.catalogs[shard].get();
    query = sql::Analyze(text, fingerprint, input);
  }
  return RoutedQuery::Make(std::move(query), text, snapshot.map, input.catalog,
                           hint);
}

}  // namespace pgbraid::router
