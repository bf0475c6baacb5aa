#include "pool/map_check_input.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace pgbraid::pool {
namespace {

using sql::Relation;

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool StoresRows(const Relation& relation) {
  return relation.kind == Relation::Kind::kTable ||
         relation.kind == Relation::Kind::kPartitioned ||
         relation.kind == Relation::Kind::kForeign;
}

topology::ColumnFacts ColumnFactsOf(const sql::Column& column,
                                    const RelationDetails& details) {
  topology::ColumnFacts facts;
  facts.name = column.name;
  facts.type_oid = column.type;
  facts.type_name = column.type_schema == "pg_catalog"
                        ? column.type_name
                        : column.type_schema + "." + column.type_name;
  facts.typmod = column.type_modifier;
  facts.deterministic = column.deterministic_collation;
  facts.byte_order = Contains(details.byte_order_columns, column.name);
  facts.not_null = column.not_null;
  facts.generated = column.generated != 0;
  facts.from_sequence =
      column.identity != 0 ||
      (!facts.generated &&
       column.default_expression.find("nextval(") != std::string::npos);
  return facts;
}

// Makes the facts of one shard.
class FactsMaker {
 public:
  FactsMaker(const topology::ShardMap& map, const LoadedCatalog& loaded)
      : map_(map), catalog_(*loaded.catalog), details_(*loaded.details) {
    for (const topology::TableDistribution& table : map_.tables()) {
      const Relation* const listed =
          catalog_.FindRelation(table.schema(), table.name());
      if (listed == nullptr || !StoresRows(*listed)) continue;
      for (const Relation* below : catalog_.WithDescendants(*listed)) {
        listed_above_.emplace(below->oid, listed);
      }
      // A listed table below another listed one stands for itself.
      listed_above_[listed->oid] = listed;
    }
  }

  topology::ShardFacts Make() const {
    topology::ShardFacts facts;
    for (const Relation& relation : catalog_.relations()) {
      if (!StoresRows(relation)) continue;
      const Relation* const listed = ListedAbove(relation.oid);
      if (listed == &relation) {
        facts.tables.push_back(ListedTable(relation));
      } else if (listed == nullptr && !relation.foreign_keys.empty()) {
        topology::TableFacts& table = facts.tables.emplace_back();
        table.schema = relation.schema;
        table.name = relation.name;
        AddForeignKeys(relation, "", table);
      }
    }
    return facts;
  }

 private:
  const Relation* ListedAbove(sql::Oid oid) const {
    const auto found = listed_above_.find(oid);
    return found == listed_above_.end() ? nullptr : found->second;
  }

  topology::TableFacts ListedTable(const Relation& relation) const {
    topology::TableFacts table;
    table.schema = relation.schema;
    table.name = relation.name;
    const RelationDetails& details = details_.Of(relation.oid);
    for (const sql::Column& column : relation.columns) {
      table.columns.push_back(ColumnFactsOf(column, details));
    }
    for (const Relation* below : catalog_.WithDescendants(relation)) {
      if (ListedAbove(below->oid) != &relation) continue;
      const std::string prefix = below == &relation ? "" : below->name + ".";
      AddUniques(*below, prefix, table);
      AddForeignKeys(*below, prefix, table);
      AddTriggers(*below, prefix, table);
    }
    return table;
  }

  void AddUniques(const Relation& relation, const std::string& prefix,
                  topology::TableFacts& table) const {
    std::vector<topology::UniqueFacts> found =
        details_.Of(relation.oid).exclusions;
    for (const sql::UniqueIndex& index : relation.unique_indexes) {
      if (index.exclusion) continue;
      topology::UniqueFacts unique{index.name, {}};
      for (const std::string& column : index.columns) {
        if (!column.empty()) unique.columns.push_back(column);
      }
      found.push_back(std::move(unique));
    }
    for (topology::UniqueFacts& unique : found) {
      const bool known = std::any_of(table.uniques.begin(), table.uniques.end(),
                                     [&](const topology::UniqueFacts& each) {
                                       return each.columns == unique.columns;
                                     });
      if (known && !prefix.empty()) continue;
      unique.name.insert(0, prefix);
      table.uniques.push_back(std::move(unique));
    }
  }

  void AddForeignKeys(const Relation& relation, const std::string& prefix,
                      topology::TableFacts& table) const {
    for (const sql::ForeignKey& key : relation.foreign_keys) {
      const Relation* target = catalog_.FindRelation(key.target);
      if (target == nullptr) continue;
      if (const Relation* listed = ListedAbove(key.target)) target = listed;
      topology::ForeignKeyFacts facts{prefix + key.name, key.columns,
                                      target->schema, target->name,
                                      key.target_columns};
      const bool known =
          std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                      [&](const topology::ForeignKeyFacts& each) {
                        return each.columns == facts.columns &&
                               each.target_schema == facts.target_schema &&
                               each.target_table == facts.target_table &&
                               each.target_columns == facts.target_columns;
                      });
      if (!known) table.foreign_keys.push_back(std::move(facts));
    }
  }

  void AddTriggers(const Relation& relation, const std::string& prefix,
                   topology::TableFacts& table) const {
    for (topology::TriggerFacts trigger : details_.Of(relation.oid).triggers) {
      // PostgreSQL copies a partitioned table's row triggers to each partition
      // under the same name.
      const bool known =
          std::any_of(table.triggers.begin(), table.triggers.end(),
                      [&](const topology::TriggerFacts& each) {
                        return each.name == trigger.name &&
                               each.changes_rows == trigger.changes_rows;
                      });
      if (known) continue;
      trigger.name.insert(0, prefix);
      table.triggers.push_back(std::move(trigger));
    }
  }

  const topology::ShardMap& map_;
  const sql::Catalog& catalog_;
  const CatalogDetails& details_;
  // Of each listed table and whatever is below one: the listed table.
  absl::flat_hash_map<sql::Oid, const Relation*> listed_above_;
};

}  // namespace

topology::ShardFacts FactsOf(const topology::ShardMap& map,
                             const LoadedCatalog& loaded) {
  return FactsMaker(map, loaded).Make();
}

std::vector<topology::ShardFacts> MapCheckInput(
    const topology::ShardMap& map, std::span<const LoadedCatalog> shards) {
  std::vector<topology::ShardFacts> facts;
  for (const LoadedCatalog& loaded : shards) {
    facts.push_back(FactsOf(map, loaded));
  }
  return facts;
}

}  // namespace pgbraid::pool
