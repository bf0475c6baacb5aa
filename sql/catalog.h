// An immutable snapshot of one database's system catalogs: what the analysis of
// a text resolves names against. Made by a Builder (pool/catalog_loader fills
// it from a live server, sql/testing_catalog.h by hand), then shared between
// threads behind a pointer to const; a newer snapshot has a higher epoch.
//
// A snapshot knows nothing of temporary objects. A session that has made some
// keeps its connection (Pin::kTemporaryObject); only what names none of them,
// and does not depend on them otherwise (Statement::depends_on_path), is routed
// by what is said here.
#ifndef PGBRAID_SQL_CATALOG_H_
#define PGBRAID_SQL_CATALOG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "sql/catalog_values.h"
#include "sql/code_graph.h"
#include "sql/statement.h"

namespace pgbraid::sql {

// Schemas in the order in which PostgreSQL searches them for an unqualified
// name. Made by Catalog::EffectivePath. Holds pg_catalog (first, if the setting
// does not name it), holds only schemas that exist and that the role may use.
using SearchPath = std::vector<std::string>;

// The elements of a search_path setting's text ("\"$user\", public"): folded to
// lower case unless quoted, quotes undone, '$user' kept as it is. Empty if the
// text is not a list of identifiers (then PostgreSQL refuses it).
std::vector<std::string> ParseSearchPath(std::string_view setting);

class Catalog {
 public:
  class Builder;

  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  // Grows with each snapshot of the same database; part of the statement
  // cache's key.
  uint64_t epoch() const { return epoch_; }

  const std::vector<Relation>& relations() const { return relations_; }
  const std::vector<Namespace>& namespaces() const { return namespaces_; }

  // The schemas that unqualified names are looked for in. `setting` is
  // search_path as a list ("$user" in it stands for a schema named as `role`).
  SearchPath EffectivePath(const std::vector<std::string>& setting,
                           std::string_view role) const;

  // search_path as a new connection of `role` starts with it (ALTER ROLE ..
  // IN DATABASE over ALTER ROLE over ALTER DATABASE over the server's own).
  std::string DefaultSearchPath(std::string_view role) const;

  // The value that ALTER ROLE or ALTER DATABASE gives `setting` for a new
  // connection of `role`, or null if neither does.
  const std::string* DefaultOf(std::string_view setting,
                               std::string_view role) const;

  // All lookups: null or empty if there is none. Pointers live as long as the
  // snapshot.
  bool HasSchema(std::string_view schema) const;
  const Relation* FindRelation(Oid oid) const;
  const Relation* FindRelation(std::string_view schema,
                               std::string_view name) const;
  // The first along `path`, as PostgreSQL does. An explicit `schema` (not
  // empty) is looked in alone.
  const Relation* ResolveRelation(std::string_view schema,
                                  std::string_view name,
                                  const SearchPath& path) const;

  const Type* FindType(Oid oid) const;
  const Type* ResolveType(std::string_view schema, std::string_view name,
                          const SearchPath& path) const;

  // Every overload of a name that is visible: in `schema`, or, if that is
  // empty, in any schema of `path` (which of them a call means depends on its
  // argument types, so that all must be looked at).
  std::vector<const Function*> FindFunctions(std::string_view schema,
                                             std::string_view name,
                                             const SearchPath& path) const;
  const Function* FindFunction(Oid oid) const;
  std::vector<const Operator*> FindOperators(std::string_view schema,
                                             std::string_view name,
                                             const SearchPath& path) const;

  // What ALTER ROLE SET and ALTER DATABASE SET give to logins.
  const std::vector<RoleSetting>& role_settings() const { return settings_; }

  // What functions and tables of the user's do when they are used.
  const CodeGraph& code() const { return code_; }

  // The casts made by users.
  const std::vector<Cast>& casts() const { return casts_; }

  // The relation and everything below it by inheritance or partitioning, each
  // once, the relation first.
  std::vector<const Relation*> WithDescendants(const Relation& relation) const;

 private:
  // "schema\0name" -> places in the vector of that kind.
  using NameIndex = absl::flat_hash_map<std::string, std::vector<uint32_t>>;

  Catalog() = default;

  // Constant after Builder::Build.
  uint64_t epoch_ = 0;
  std::string server_search_path_;
  std::vector<Namespace> namespaces_;
  std::vector<Relation> relations_;
  std::vector<Type> types_;
  std::vector<Function> functions_;
  std::vector<Operator> operators_;
  std::vector<Cast> casts_;
  std::vector<RoleSetting> settings_;
  CodeGraph code_;
  absl::flat_hash_map<std::string, uint32_t> namespace_by_name_;
  absl::flat_hash_map<Oid, uint32_t> relation_by_oid_;
  absl::flat_hash_map<Oid, uint32_t> type_by_oid_;
  absl::flat_hash_map<Oid, uint32_t> function_by_oid_;
  NameIndex relation_by_name_;
  NameIndex type_by_name_;
  NameIndex function_by_name_;
  NameIndex operator_by_name_;
};

// Collects the rows in any order, then makes the snapshot. Used by one thread,
// once.
class Catalog::Builder {
 public:
  Builder();
  ~Builder();

  Builder& SetEpoch(uint64_t epoch);
  // boot or configuration file value of search_path: pg_settings.reset_val as
  // a role without settings of its own sees it. Default: "\"$user\", public".
  Builder& SetServerSearchPath(std::string setting);

  Builder& Add(Namespace value);
  Builder& Add(Relation value);
  Builder& Add(Type value);
  Builder& Add(Function value);
  Builder& Add(Operator value);
  Builder& Add(Cast value);
  Builder& Add(RoleSetting value);
  Builder& Add(FunctionCode value);
  Builder& Add(CodeUse value);

  // Leaves the builder empty.
  std::shared_ptr<const Catalog> Build();

 private:
  std::unique_ptr<Catalog> catalog_;
  std::vector<FunctionCode> codes_;
  std::vector<CodeUse> uses_;
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_CATALOG_H_
