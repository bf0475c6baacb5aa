#include "pool/catalog_loader.h"

#include <charconv>
#include <cstring>
#include <utility>

#include "pool/catalog_queries.h"
#include "pool/catalog_rows.h"
#include "xxhash.h"

namespace pgbraid::pool {
namespace {

constexpr char kBootSearchPath[] = "\"$user\", public";

std::string_view TextAt(const pqxx::result& result, int column) {
  const pqxx::field field = result[0][column];
  return std::string_view(field.c_str(), field.size());
}

// Order of the rows does not count, their number does.
uint64_t HashOf(const pqxx::result& result, uint64_t seed) {
  uint64_t sum = 0;
  std::string bytes;
  for (const pqxx::row row : result) {
    bytes.clear();
    for (const pqxx::field field : row) {
      bytes += field.is_null() ? "-" : std::to_string(field.size());
      bytes += ' ';
      bytes.append(field.c_str(), field.size());
    }
    sum += XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
  }
  return sum;
}

FreshnessFloor ShownBy(const pqxx::result& path) {
  FreshnessFloor floor;
  if (path[0][3].is_null()) return floor;
  const std::string_view timeline = TextAt(path, 4);
  const std::string_view segment = TextAt(path, 5);
  uint64_t segment_bytes = 0;
  std::from_chars(timeline.data(), timeline.data() + timeline.size(),
                  floor.timeline, 16);
  std::from_chars(segment.data(), segment.data() + segment.size(),
                  segment_bytes);
  floor.lsn =
      NormalizeLsn(ParseLsn(TextAt(path, 3)).value_or(0), segment_bytes);
  return floor;
}

struct Versions {
  uint64_t all = 0;
  uint64_t system = 0;  // of PostgreSQL's own objects
};

StatusOr<Versions> ReadVersion(CatalogConnection& connection,
                               std::string_view search_path) {
  PGB_ASSIGN_OR_RETURN(
      const pqxx::result result,
      connection.QueryPrepared("pgbraid_version", catalog_sql::kVersion));
  const auto number = [&result](int column) {
    const std::string_view text = TextAt(result, column);
    int64_t hash = 0;
    std::from_chars(text.data(), text.data() + text.size(), hash);
    return static_cast<uint64_t>(hash);
  };
  return Versions{
      XXH3_64bits_withSeed(search_path.data(), search_path.size(), number(0)),
      number(1)};
}

// What search_path is for a role without settings of its own, given what it is
// for ours and where that comes from (pg_settings.source).
StatusOr<std::string> ServerSearchPath(CatalogConnection& connection,
                                       const std::string& ours,
                                       std::string_view from) {
  if (from != "user" && from != "database" && from != "database user") {
    return ours;
  }
  PGB_ASSIGN_OR_RETURN(const pqxx::result may,
                       connection.Query(catalog_sql::kMayReadFiles));
  if (TextAt(may, 0) != "t") return std::string(kBootSearchPath);
  PGB_ASSIGN_OR_RETURN(const pqxx::result in_file,
                       connection.Query(catalog_sql::kFilePath));
  if (in_file.empty()) return std::string(kBootSearchPath);
  return std::string(TextAt(in_file, 0));
}

template <class Target>
struct Step {
  const char* sql;
  void (Target::*add)(const pqxx::result&);
  // The column that tells PostgreSQL's own objects, where there are so many of
  // them that their rows are kept from load to load; else null.
  const char* owner = nullptr;
};

// In the order that CatalogRows wants.
constexpr Step<CatalogRows> kRowSteps[] = {
    {catalog_sql::kNamespaces, &CatalogRows::AddNamespaces},
    {catalog_sql::kTypes, &CatalogRows::AddTypes, "t.oid"},
    {catalog_sql::kRelations, &CatalogRows::AddRelations, "c.oid"},
    {catalog_sql::kColumns, &CatalogRows::AddColumns, "a.attrelid"},
    {catalog_sql::kViews, &CatalogRows::AddViews},
    {catalog_sql::kDefaults, &CatalogRows::AddDefaults},
    {catalog_sql::kPolicies, &CatalogRows::AddPolicies},
    {catalog_sql::kUniqueIndexes, &CatalogRows::AddUniqueIndexes},
    {catalog_sql::kForeignKeys, &CatalogRows::AddForeignKeys},
    {catalog_sql::kInheritance, &CatalogRows::AddInheritance},
    {catalog_sql::kFunctions, &CatalogRows::AddFunctions, "p.oid"},
    {catalog_sql::kFunctionCodes, &CatalogRows::AddFunctionCodes},
    {catalog_sql::kCodeUses, &CatalogRows::AddCodeUses},
    {catalog_sql::kOperators, &CatalogRows::AddOperators, "o.oid"},
    {catalog_sql::kCasts, &CatalogRows::AddCasts},
    {catalog_sql::kRoleSettings, &CatalogRows::AddRoleSettings},
};

constexpr Step<CatalogDetails> kDetailSteps[] = {
    {catalog_sql::kByteOrder, &CatalogDetails::AddByteOrder},
    {catalog_sql::kTriggers, &CatalogDetails::AddTriggers},
    {catalog_sql::kExclusions, &CatalogDetails::AddExclusions},
};

std::string PartOf(const char* sql, const char* owner, const char* condition) {
  return std::string(sql) + " AND " + owner + condition;
}

// Adds the results' hash to `content`. Of steps with an owner, the rows of
// PostgreSQL's own objects are taken from `system`, or read into it if it is
// new (empty).
template <class Target, size_t count>
Status RunSteps(CatalogConnection& connection,
                const Step<Target> (&steps)[count], SystemRows& system,
                bool read_system, Target& target, uint64_t& content) {
  size_t place = 0;
  for (const Step<Target>& step : steps) {
    const uint64_t seed = XXH3_64bits(step.sql, std::strlen(step.sql));
    std::string sql = step.sql;
    if (step.owner != nullptr) {
      if (read_system) {
        PGB_ASSIGN_OR_RETURN(
            pqxx::result result,
            connection.Query(PartOf(step.sql, step.owner, " < 16384").c_str()));
        system.content += HashOf(result, seed);
        system.results.push_back(std::move(result));
      }
      (target.*step.add)(system.results[place++]);
      sql = PartOf(step.sql, step.owner, " >= 16384");
    }
    PGB_ASSIGN_OR_RETURN(const pqxx::result result,
                         connection.Query(sql.c_str()));
    content += HashOf(result, seed);
    (target.*step.add)(result);
  }
  return OkStatus();
}

// `last` itself if it is of this very version.
StatusOr<LoadedCatalog> LoadInTransaction(CatalogConnection& connection,
                                          uint64_t epoch,
                                          const LoadedCatalog* last) {
  PGB_ASSIGN_OR_RETURN(const pqxx::result path,
                       connection.Query(catalog_sql::kTakePath));
  const std::string our_path(TextAt(path, 0));
  PGB_ASSIGN_OR_RETURN(const Versions versions,
                       ReadVersion(connection, our_path));
  if (last != nullptr && last->complete && last->version == versions.all) {
    LoadedCatalog same = *last;
    same.shown_by = ShownBy(path);
    return same;
  }
  LoadedCatalog loaded;
  loaded.shown_by = ShownBy(path);
  loaded.version = versions.all;
  PGB_ASSIGN_OR_RETURN(std::string server_path,
                       ServerSearchPath(connection, our_path, TextAt(path, 1)));
  loaded.content = XXH3_64bits(server_path.data(), server_path.size());
  std::shared_ptr<SystemRows> system = last != nullptr ? last->system : nullptr;
  const bool read_system =
      system == nullptr || system->version != versions.system;
  if (read_system) {
    system = std::make_shared<SystemRows>();
    system->version = versions.system;
  }
  CatalogRows rows;
  auto details = std::make_shared<CatalogDetails>();
  PGB_RETURN_IF_ERROR(RunSteps(connection, kRowSteps, *system, read_system,
                               rows, loaded.content));
  PGB_RETURN_IF_ERROR(RunSteps(connection, kDetailSteps, *system, false,
                               *details, loaded.content));
  loaded.content += system->content;
  loaded.system = std::move(system);
  loaded.complete = rows.complete();
  loaded.details = std::move(details);
  loaded.catalog = rows.Build(epoch, std::move(server_path));
  return loaded;
}

StatusOr<uint64_t> VersionInTransaction(CatalogConnection& connection) {
  PGB_ASSIGN_OR_RETURN(const pqxx::result path,
                       connection.Query(catalog_sql::kTakePathOnly));
  PGB_ASSIGN_OR_RETURN(const Versions versions,
                       ReadVersion(connection, TextAt(path, 0)));
  return versions.all;
}

// Runs `body` between BEGIN and its end.
template <class Body>
auto InTransaction(CatalogConnection& connection, Body body)
    -> decltype(body()) {
  const auto begun = connection.Query(catalog_sql::kBegin);
  if (!begun.ok()) return begun.status();
  auto outcome = body();
  const auto ended = connection.Query(outcome.ok() ? catalog_sql::kCommit
                                                   : catalog_sql::kRollback);
  if (outcome.ok() && !ended.ok()) return ended.status();
  return outcome;
}

}  // namespace

StatusOr<LoadedCatalog> LoadCatalog(CatalogConnection& connection,
                                    uint64_t epoch, const LoadedCatalog* last) {
  return InTransaction(
      connection, [&] { return LoadInTransaction(connection, epoch, last); });
}

StatusOr<LoadedCatalog> LoadCatalog(const CatalogSource& source, uint64_t epoch,
                                    const CatalogTimeouts& timeouts) {
  PGB_ASSIGN_OR_RETURN(const std::unique_ptr<CatalogConnection> connection,
                       CatalogConnection::Open(source, timeouts));
  return LoadCatalog(*connection, epoch);
}

StatusOr<uint64_t> CatalogVersion(CatalogConnection& connection) {
  return InTransaction(connection,
                       [&] { return VersionInTransaction(connection); });
}

StatusOr<std::string> CommitState(CatalogConnection& connection) {
  PGB_ASSIGN_OR_RETURN(const pqxx::result result,
                       connection.Query(catalog_sql::kCommitState));
  return std::string(TextAt(result, 0));
}

}  // namespace pgbraid::pool
