#include "pool/catalog_rows.h"

#include <algorithm>
#include <utility>

#include "pool/catalog_fields.h"
#include "pool/catalog_loader.h"

namespace pgbraid::pool {
void CatalogRows::AddNamespaces(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    const sql::Oid oid = fields.Oid();
    if (namespaces_.empty() || namespaces_.back().oid != oid) {
      sql::Namespace& added = namespaces_.emplace_back();
      added.oid = oid;
      added.name = fields.String();
      added.usable_by_all = fields.Bool();
    } else {
      fields.Skip();
      fields.Skip();
    }
    if (!fields.NextIsNull()) {
      namespaces_.back().usable_by.push_back(fields.String());
    }
  }
}

void CatalogRows::AddTypes(const pqxx::result& result) {
  types_.reserve(result.size());
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::Type& type = types_.emplace_back();
    type.oid = fields.Oid();
    type.schema = fields.String();
    type.name = fields.String();
    type.kind = fields.Char();
    type.element = fields.Oid();
    type.array = fields.Oid();
    type.domain_base = fields.Oid();
    type.domain_has_constraints = fields.Bool();
    type_by_oid_.emplace(type.oid, types_.size() - 1);
  }
  // A domain over a domain inherits its constraints. Chains cannot be circular;
  // the bound is for rows that are not as they should be.
  for (sql::Type& type : types_) {
    sql::Oid base = type.domain_base;
    for (int depth = 0; depth < 100 && base != 0; ++depth) {
      const auto found = type_by_oid_.find(base);
      if (found == type_by_oid_.end()) break;
      const sql::Type& below = types_[found->second];
      if (below.domain_has_constraints) type.domain_has_constraints = true;
      base = below.domain_base;
    }
  }
}

void CatalogRows::AddRelations(const pqxx::result& result) {
  relations_.reserve(result.size());
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::Relation& relation = relations_.emplace_back();
    relation.oid = fields.Oid();
    relation.schema = fields.String();
    relation.name = fields.String();
    relation.kind = static_cast<sql::Relation::Kind>(fields.Char());
    relation.persistence = fields.Char();
    relation.row_security = fields.Bool();
    relation.is_partition = fields.Bool();
    relation.has_rules = fields.Bool();
    relation.has_triggers = fields.Bool();
    relation_by_oid_.emplace(relation.oid, relations_.size() - 1);
  }
}

void CatalogRows::AddColumns(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::Relation* const relation = FindRelation(fields.Oid());
    if (relation == nullptr) continue;
    sql::Column& column = relation->columns.emplace_back();
    column.name = fields.String();
    column.number = fields.Int<int16_t>();
    column.type = fields.Oid();
    column.type_modifier = fields.Int<int32_t>();
    column.not_null = fields.Bool();
    column.identity = fields.Char();
    column.generated = fields.Char();
    column.deterministic_collation = fields.Bool();
    const auto type = type_by_oid_.find(column.type);
    if (type == type_by_oid_.end()) continue;
    column.type_schema = types_[type->second].schema;
    column.type_name = types_[type->second].name;
  }
  for (sql::Relation& relation : relations_) {
    std::sort(relation.columns.begin(), relation.columns.end(),
              [](const sql::Column& a, const sql::Column& b) {
                return a.number < b.number;
              });
  }
}

void CatalogRows::AddViews(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::Relation* const relation = FindRelation(fields.Oid());
    if (relation == nullptr) continue;
    if (fields.NextIsNull()) {
      complete_ = false;
    } else {
      relation->view_definition = fields.String();
    }
  }
}

void CatalogRows::AddDefaults(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::Relation* const relation = FindRelation(fields.Oid());
    const auto number = fields.Int<int16_t>();
    if (relation == nullptr) continue;
    for (sql::Column& column : relation->columns) {
      if (column.number != number) continue;
      if (fields.NextIsNull()) complete_ = false;
      column.default_expression =
          fields.NextIsNull() ? kUnreadableExpression : fields.String();
      break;
    }
  }
}

void CatalogRows::AddPolicies(const pqxx::result& result) {
  const auto expression = [this](Fields& fields) -> std::string {
    const bool exists = fields.Bool();
    const bool unread = fields.NextIsNull();
    std::string text = fields.String();
    if (!exists) return {};
    if (!unread) return text;
    complete_ = false;
    return kUnreadableExpression;
  };
  sql::Oid last = 0;
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::Relation* const relation = FindRelation(fields.Oid());
    if (relation == nullptr) continue;
    const sql::Oid oid = fields.Oid();
    if (oid != last) relation->policies.emplace_back();
    sql::Policy& policy = relation->policies.back();
    last = oid;
    policy.name = fields.String();
    policy.command = fields.Char();
    policy.permissive = fields.Bool();
    policy.using_expression = expression(fields);
    policy.check_expression = expression(fields);
    if (!fields.NextIsNull()) policy.roles.push_back(fields.String());
  }
}

void CatalogRows::AddUniqueIndexes(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::Relation* const relation = FindRelation(fields.Oid());
    if (relation == nullptr) continue;
    sql::UniqueIndex& index = relation->unique_indexes.emplace_back();
    index.name = fields.String();
    index.columns = ColumnNames(*relation, fields.View());
    index.primary = fields.Bool();
    index.exclusion = fields.Bool();
    index.partial = fields.Bool();
  }
}

void CatalogRows::AddForeignKeys(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::Relation* const relation = FindRelation(fields.Oid());
    if (relation == nullptr) continue;
    sql::ForeignKey& key = relation->foreign_keys.emplace_back();
    key.name = fields.String();
    key.columns = ColumnNames(*relation, fields.View());
    key.target = fields.Oid();
    const sql::Relation* const target = FindRelation(key.target);
    if (target != nullptr) {
      key.target_columns = ColumnNames(*target, fields.View());
    }
  }
}

void CatalogRows::AddInheritance(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    const sql::Oid parent_oid = fields.Oid();
    const sql::Oid child_oid = fields.Oid();
    sql::Relation* const parent = FindRelation(parent_oid);
    sql::Relation* const child = FindRelation(child_oid);
    if (parent != nullptr) parent->children.push_back(child_oid);
    if (child != nullptr) child->parents.push_back(parent_oid);
  }
}

void CatalogRows::AddFunctions(const pqxx::result& result) {
  functions_.reserve(result.size());
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::Function& function = functions_.emplace_back();
    function.oid = fields.Oid();
    function.schema = fields.String();
    function.name = fields.String();
    function.argument_types = Numbers<sql::Oid>(fields.View());
    function.default_count = fields.Int<int16_t>();
    function.variadic = fields.Bool();
    function.return_type = fields.Oid();
    function.returns_set = fields.Bool();
    function.volatility = fields.Char();
    function.kind = fields.Char();
  }
}

void CatalogRows::AddFunctionCodes(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    const sql::Oid oid = fields.Oid();
    if (codes_.empty() || codes_.back().function != oid) {
      sql::FunctionCode& code = codes_.emplace_back();
      code.function = oid;
      code.language = fields.String();
      code.source = fields.String();
      code.calls_set_config = fields.Bool();
    } else {
      for (int column = 0; column < 3; ++column) fields.Skip();
    }
    if (!fields.NextIsNull()) {
      codes_.back().settings.push_back(fields.String());
    }
  }
}

void CatalogRows::AddCodeUses(const pqxx::result& result) {
  uses_.reserve(result.size());
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::CodeUse& use = uses_.emplace_back();
    use.by = static_cast<sql::CodeUse::By>(fields.Char());
    use.user = fields.Oid();
    use.of_relation = fields.Bool();
    use.used = fields.Oid();
  }
}

void CatalogRows::AddOperators(const pqxx::result& result) {
  operators_.reserve(result.size());
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::Operator& op = operators_.emplace_back();
    op.oid = fields.Oid();
    op.schema = fields.String();
    op.name = fields.String();
    op.left = fields.Oid();
    op.right = fields.Oid();
    op.result = fields.Oid();
    op.volatility = fields.Char();
  }
}

void CatalogRows::AddCasts(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::Cast& cast = casts_.emplace_back();
    cast.source = fields.Oid();
    cast.target = fields.Oid();
    cast.function = fields.Oid();
    cast.context = fields.Char();
  }
}

void CatalogRows::AddRoleSettings(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    sql::RoleSetting& setting = settings_.emplace_back();
    setting.this_database = fields.Bool();
    setting.role = fields.String();
    const std::string_view text = fields.View();
    const size_t equals = text.find('=');
    setting.name = text.substr(0, equals);
    if (equals != text.npos) setting.value = text.substr(equals + 1);
  }
}

std::shared_ptr<const sql::Catalog> CatalogRows::Build(
    uint64_t epoch, std::string server_search_path) {
  sql::Catalog::Builder builder;
  builder.SetEpoch(epoch).SetServerSearchPath(std::move(server_search_path));
  const auto add = [&builder](auto& rows) {
    for (auto& row : rows) builder.Add(std::move(row));
  };
  add(namespaces_);
  add(types_);
  add(relations_);
  add(functions_);
  add(operators_);
  add(casts_);
  add(settings_);
  add(codes_);
  add(uses_);
  *this = CatalogRows();
  return builder.Build();
}

sql::Relation* CatalogRows::FindRelation(sql::Oid oid) {
  const auto found = relation_by_oid_.find(oid);
  return found == relation_by_oid_.end() ? nullptr : &relations_[found->second];
}

std::vector<std::string> CatalogRows::ColumnNames(const sql::Relation& relation,
                                                  std::string_view numbers) {
  std::vector<std::string> names;
  for (const int16_t number : Numbers<int16_t>(numbers)) {
    const auto column = std::find_if(
        relation.columns.begin(), relation.columns.end(),
        [number](const sql::Column& each) { return each.number == number; });
    names.push_back(column == relation.columns.end() ? std::string()
                                                     : column->name);
  }
  return names;
}

}  // namespace pgbraid::pool
