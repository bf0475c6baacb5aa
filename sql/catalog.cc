#include "sql/catalog.h"

#include <algorithm>
#include <utility>

namespace pgbraid::sql {
namespace {

std::string NameKey(std::string_view schema, std::string_view name) {
  std::string key;
  key.reserve(schema.size() + 1 + name.size());
  key.append(schema).push_back('\0');
  key.append(name);
  return key;
}

absl::string_view View(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

template <class Map, class Row>
const Row* RowByOid(const Map& map, const std::vector<Row>& rows, Oid oid) {
  const auto it = map.find(oid);
  return it == map.end() ? nullptr : &rows[it->second];
}

template <class Map, class Row>
const Row* FirstRow(const Map& map, const std::vector<Row>& rows,
                    std::string_view schema, std::string_view name) {
  const auto it = map.find(NameKey(schema, name));
  return it == map.end() ? nullptr : &rows[it->second.front()];
}

template <class Map, class Row>
const Row* ResolveRow(const Map& map, const std::vector<Row>& rows,
                      std::string_view schema, std::string_view name,
                      const SearchPath& path) {
  if (!schema.empty()) return FirstRow(map, rows, schema, name);
  for (const std::string& candidate : path) {
    if (const Row* row = FirstRow(map, rows, candidate, name)) return row;
  }
  return nullptr;
}

template <class Map, class Row>
std::vector<const Row*> AllRows(const Map& map, const std::vector<Row>& rows,
                                std::string_view schema, std::string_view name,
                                const SearchPath& path) {
  std::vector<const Row*> found;
  const auto add = [&](std::string_view where) {
    const auto it = map.find(NameKey(where, name));
    if (it == map.end()) return;
    for (const uint32_t place : it->second) found.push_back(&rows[place]);
  };
  if (!schema.empty()) {
    add(schema);
  } else {
    for (const std::string& candidate : path) add(candidate);
  }
  return found;
}

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

// Reads one element of a search_path from `rest`. False if there is none.
bool TakeIdentifier(std::string_view& rest, std::string& name) {
  name.clear();
  if (!rest.empty() && rest.front() == '"') {
    rest.remove_prefix(1);
    while (!rest.empty()) {
      const char c = rest.front();
      rest.remove_prefix(1);
      if (c != '"') {
        name.push_back(c);
      } else if (!rest.empty() && rest.front() == '"') {
        name.push_back('"');
        rest.remove_prefix(1);
      } else {
        return !name.empty();
      }
    }
    return false;
  }
  while (!rest.empty() && rest.front() != ',' && !IsSpace(rest.front())) {
    const char c = rest.front();
    name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    rest.remove_prefix(1);
  }
  return !name.empty();
}

}  // namespace

std::vector<std::string> ParseSearchPath(std::string_view setting) {
  std::vector<std::string> names;
  const auto skip_space = [&setting] {
    while (!setting.empty() && IsSpace(setting.front())) {
      setting.remove_prefix(1);
    }
  };
  skip_space();
  if (setting.empty()) return names;
  std::string name;
  while (true) {
    if (!TakeIdentifier(setting, name)) return {};
    names.push_back(name);
    skip_space();
    if (setting.empty()) return names;
    if (setting.front() != ',') return {};
    setting.remove_prefix(1);
    skip_space();
  }
}

SearchPath Catalog::EffectivePath(const std::vector<std::string>& setting,
                                  std::string_view role) const {
  SearchPath path;
  bool names_pg_catalog = false;
  for (const std::string& element : setting) {
    const std::string schema = element == "$user" ? std::string(role) : element;
    const auto it = namespace_by_name_.find(schema);
    if (it == namespace_by_name_.end()) continue;
    const Namespace& found = namespaces_[it->second];
    if (!found.usable_by_all &&
        std::find(found.usable_by.begin(), found.usable_by.end(), role) ==
            found.usable_by.end()) {
      continue;
    }
    if (schema == "pg_catalog") names_pg_catalog = true;
    if (std::find(path.begin(), path.end(), schema) == path.end()) {
      path.push_back(schema);
    }
  }
  if (!names_pg_catalog) path.insert(path.begin(), "pg_catalog");
  return path;
}

std::string Catalog::DefaultSearchPath(std::string_view role) const {
  const std::string* own = DefaultOf("search_path", role);
  return own != nullptr ? *own : server_search_path_;
}

const std::string* Catalog::DefaultOf(std::string_view setting,
                                      std::string_view role) const {
  const RoleSetting* best = nullptr;
  const auto rank = [](const RoleSetting& row) {
    return (row.role.empty() ? 0 : 2) + (row.this_database ? 1 : 0);
  };
  for (const RoleSetting& row : settings_) {
    if (row.name != setting) continue;
    if (!row.role.empty() && row.role != role) continue;
    if (best == nullptr || rank(row) > rank(*best)) best = &row;
  }
  return best == nullptr ? nullptr : &best->value;
}

bool Catalog::HasSchema(std::string_view schema) const {
  return namespace_by_name_.contains(View(schema));
}

const Relation* Catalog::FindRelation(Oid oid) const {
  return RowByOid(relation_by_oid_, relations_, oid);
}

const Relation* Catalog::FindRelation(std::string_view schema,
                                      std::string_view name) const {
  return FirstRow(relation_by_name_, relations_, schema, name);
}

const Relation* Catalog::ResolveRelation(std::string_view schema,
                                         std::string_view name,
                                         const SearchPath& path) const {
  return ResolveRow(relation_by_name_, relations_, schema, name, path);
}

const Type* Catalog::FindType(Oid oid) const {
  return RowByOid(type_by_oid_, types_, oid);
}

const Type* Catalog::ResolveType(std::string_view schema, std::string_view name,
                                 const SearchPath& path) const {
  return ResolveRow(type_by_name_, types_, schema, name, path);
}

std::vector<const Function*> Catalog::FindFunctions(
    std::string_view schema, std::string_view name,
    const SearchPath& path) const {
  return AllRows(function_by_name_, functions_, schema, name, path);
}

const Function* Catalog::FindFunction(Oid oid) const {
  return RowByOid(function_by_oid_, functions_, oid);
}

std::vector<const Operator*> Catalog::FindOperators(
    std::string_view schema, std::string_view name,
    const SearchPath& path) const {
  return AllRows(operator_by_name_, operators_, schema, name, path);
}

std::vector<const Relation*> Catalog::WithDescendants(
    const Relation& relation) const {
  std::vector<const Relation*> family = {&relation};
  for (size_t next = 0; next < family.size(); ++next) {
    for (const Oid oid : family[next]->children) {
      const Relation* child = FindRelation(oid);
      if (child == nullptr) continue;
      if (std::find(family.begin(), family.end(), child) == family.end()) {
        family.push_back(child);
      }
    }
  }
  return family;
}

Catalog::Builder::Builder() : catalog_(new Catalog) {
  catalog_->server_search_path_ = "\"$user\", public";
}

Catalog::Builder::~Builder() = default;

Catalog::Builder& Catalog::Builder::SetEpoch(uint64_t epoch) {
  catalog_->epoch_ = epoch;
  return *this;
}

Catalog::Builder& Catalog::Builder::SetServerSearchPath(std::string setting) {
  catalog_->server_search_path_ = std::move(setting);
  return *this;
}

Catalog::Builder& Catalog::Builder::Add(Namespace value) {
  catalog_->namespaces_.push_back(std::move(value));
  return *this;
}

Catalog::Builder& Catalog::Builder::Add(Relation value) {
  catalog_->relations_.push_back(std::move(value));
  return *this;
}

Catalog::Builder& Catalog::Builder::Add(Type value) {
  catalog_->types_.push_back(std::move(value));
  return *this;
}

Catalog::Builder& Catalog::Builder::Add(Function value) {
  catalog_->functions_.push_back(std::move(value));
  return *this;
}

Catalog::Builder& Catalog::Builder::Add(Operator value) {
  catalog_->operators_.push_back(std::move(value));
  return *this;
}

Catalog::Builder& Catalog::Builder::Add(Cast value) {
  catalog_->casts_.push_back(value);
  return *this;
}

Catalog::Builder& Catalog::Builder::Add(RoleSetting value) {
  catalog_->settings_.push_back(std::move(value));
  return *this;
}

Catalog::Builder& Catalog::Builder::Add(FunctionCode value) {
  codes_.push_back(std::move(value));
  return *this;
}

Catalog::Builder& Catalog::Builder::Add(CodeUse value) {
  uses_.push_back(value);
  return *this;
}

std::shared_ptr<const Catalog> Catalog::Builder::Build() {
  Catalog& made = *catalog_;
  const auto index = [](const auto& rows, auto& by_name, auto* by_oid) {
    for (uint32_t place = 0; place < rows.size(); ++place) {
      const auto& row = rows[place];
      by_name[NameKey(row.schema, row.name)].push_back(place);
      if (by_oid != nullptr) by_oid->emplace(row.oid, place);
    }
  };
  for (uint32_t place = 0; place < made.namespaces_.size(); ++place) {
    made.namespace_by_name_.emplace(made.namespaces_[place].name, place);
  }
  index(made.relations_, made.relation_by_name_, &made.relation_by_oid_);
  index(made.types_, made.type_by_name_, &made.type_by_oid_);
  index(made.functions_, made.function_by_name_, &made.function_by_oid_);
  index(made.operators_, made.operator_by_name_,
        static_cast<absl::flat_hash_map<Oid, uint32_t>*>(nullptr));
  made.code_ =
      CodeGraph(made.functions_, made.relations_, made.types_, codes_, uses_);
  codes_.clear();
  uses_.clear();
  std::shared_ptr<const Catalog> snapshot(std::move(catalog_));
  catalog_.reset(new Catalog);
  catalog_->server_search_path_ = "\"$user\", public";
  return snapshot;
}

}  // namespace pgbraid::sql
