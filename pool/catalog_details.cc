#include "pool/catalog_details.h"

#include "pool/catalog_fields.h"

namespace pgbraid::pool {

const RelationDetails& CatalogDetails::Of(sql::Oid relation) const {
  static const RelationDetails* const none = new RelationDetails;
  const auto found = by_relation_.find(relation);
  return found == by_relation_.end() ? *none : found->second;
}

void CatalogDetails::AddByteOrder(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    RelationDetails& relation = At(fields.Oid());
    relation.byte_order_columns.push_back(fields.String());
  }
}

void CatalogDetails::AddTriggers(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    RelationDetails& relation = At(fields.Oid());
    topology::TriggerFacts& trigger = relation.triggers.emplace_back();
    trigger.name = fields.String();
    trigger.changes_rows = fields.Bool();
  }
}

void CatalogDetails::AddExclusions(const pqxx::result& result) {
  for (const pqxx::row row : result) {
    Fields fields(row);
    auto& exclusions = At(fields.Oid()).exclusions;
    const std::string_view name = fields.View();
    if (exclusions.empty() || exclusions.back().name != name) {
      exclusions.emplace_back().name = name;
    }
    if (!fields.NextIsNull()) {
      exclusions.back().columns.push_back(fields.String());
    }
  }
}

}  // namespace pgbraid::pool
