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

StatusOr<uint64_t> ReadVersion(CatalogConnection& connection,
                               std::string_view search_path) {
  PGB_ASSIGN_OR_RETURN(
      const pqxx::result result,
      connection.QueryPrepared("pgbraid_version", catalog_sql::kVersion));
  const std::string_view text = TextAt(result, 0);
  int64_t hash = 0;
  std::from_chars(text.data(), text.data() + text.size(), hash);
  return XXH3_64bits_withSeed(search_path.data(), search_path.size(),
                              static_cast<uint64_t>(hash));
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
};

// In the order that CatalogRows wants.
constexpr Step<CatalogRows> kRowSteps[] = {
    {catalog_sql::kNamespaces, &CatalogRows::AddNamespaces},
    {catalog_sql::kTypes, &CatalogRows::AddTypes},
    {catalog_sql::kRelations, &CatalogRows::AddRelations},
    {catalog_sql::kColumns, &CatalogRows::AddColumns},
    {catalog_sql::kViews, &CatalogRows::AddViews},
    {catalog_sql::kDefaults, &CatalogRows::AddDefaults},
    {catalog_sql::kPolicies, &CatalogRows::AddPolicies},
    {catalog_sql::kUniqueIndexes, &CatalogRows::AddUniqueIndexes},
    {catalog_sql::kForeignKeys, &CatalogRows::AddForeignKeys},
    {catalog_sql::kInheritance, &CatalogRows::AddInheritance},
    {catalog_sql::kFunctions, &CatalogRows::AddFunctions},
    {catalog_sql::kOperators, &CatalogRows::AddOperators},
    {catalog_sql::kCasts, &CatalogRows::AddCasts},
    {catalog_sql::kRoleSettings, &CatalogRows::AddRoleSettings},
};

constexpr Step<CatalogDetails> kDetailSteps[] = {
    {catalog_sql::kByteOrder, &CatalogDetails::AddByteOrder},
    {catalog_sql::kTriggers, &CatalogDetails::AddTriggers},
    {catalog_sql::kExclusions, &CatalogDetails::AddExclusions},
};

// Adds the results' hash to `content`.
template <class Target, size_t count>
Status RunSteps(CatalogConnection& connection,
                const Step<Target> (&steps)[count], Target& target,
                uint64_t& content) {
  for (const Step<Target>& step : steps) {
    PGB_ASSIGN_OR_RETURN(const pqxx::result result, connection.Query(step.sql));
    const uint64_t seed = XXH3_64bits(step.sql, std::strlen(step.sql));
    content += HashOf(result, seed);
    (target.*step.add)(result);
  }
  return OkStatus();
}

StatusOr<LoadedCatalog> LoadInTransaction(CatalogConnection& connection,
                                          uint64_t epoch) {
  LoadedCatalog loaded;
  PGB_ASSIGN_OR_RETURN(const pqxx::result path,
                       connection.Query(catalog_sql::kTakePath));
  const std::string our_path(TextAt(path, 0));
  PGB_ASSIGN_OR_RETURN(loaded.version, ReadVersion(connection, our_path));
  PGB_ASSIGN_OR_RETURN(std::string server_path,
                       ServerSearchPath(connection, our_path, TextAt(path, 1)));
  loaded.content = XXH3_64bits(server_path.data(), server_path.size());
  CatalogRows rows;
  auto details = std::make_shared<CatalogDetails>();
  PGB_RETURN_IF_ERROR(RunSteps(connection, kRowSteps, rows, loaded.content));
  PGB_RETURN_IF_ERROR(
      RunSteps(connection, kDetailSteps, *details, loaded.content));
  loaded.complete = rows.complete();
  loaded.details = std::move(details);
  loaded.catalog = rows.Build(epoch, std::move(server_path));
  return loaded;
}

StatusOr<uint64_t> VersionInTransaction(CatalogConnection& connection) {
  PGB_ASSIGN_OR_RETURN(const pqxx::result path,
                       connection.Query(catalog_sql::kTakePathOnly));
  return ReadVersion(connection, TextAt(path, 0));
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
                                    uint64_t epoch) {
  return InTransaction(connection,
                       [&] { return LoadInTransaction(connection, epoch); });
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
