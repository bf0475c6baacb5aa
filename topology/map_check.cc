#include "topology/map_check.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "topology/foreign_key_check.h"
#include "topology/table_check.h"

namespace pgbraid::topology {
namespace {

const TableFacts* FindFacts(const ShardFacts& shard, std::string_view schema,
                            std::string_view name) {
  auto found = std::find_if(
      shard.tables.begin(), shard.tables.end(), [&](const TableFacts& table) {
        return table.schema == schema && table.name == name;
      });
  return found == shard.tables.end() ? nullptr : &*found;
}

class MapChecker {
 public:
  MapChecker(const ShardMap& map, std::span<const ShardFacts> facts)
      : map_(map), facts_(facts) {}

  MapCheck Check() {
    for (const TableDistribution& table : map_.tables()) CheckOne(table);
    if (map_.shard_count() > 1) CheckForeignKeys();
    return std::move(check_);
  }

 private:
  void CheckOne(const TableDistribution& table) {
    std::vector<TableOnShard> shards;
    for (int shard : table.All()) {
      shards.push_back(
          {map_.shards()[shard].name,
           FindFacts(facts_[shard], table.schema(), table.name())});
    }
    size_t before = check_.findings.size();
    std::optional<TableDistribution> bound =
        CheckTable(table, shards, &check_.findings);
    if (!bound) return;
    if (std::none_of(
            check_.findings.begin() + before, check_.findings.end(),
            [](const Finding& finding) { return finding.is_error(); })) {
      check_.keys.push_back({table.schema(), table.name(), bound->key_types()});
    }
    bound_.push_back(*std::move(bound));
  }

  // A table that --tables lists, with its types; one that it does not list, as
  // what it is; nothing for one that is listed and could not be bound.
  std::optional<TableDistribution> Resolve(const std::string& schema,
                                           const std::string& name) const {
    if (map_.FindTable(schema, name) == nullptr) {
      DistributionSpec spec;
      spec.schema = schema;
      spec.name = name;
      spec.kind = DistributionKind::kSingle;
      spec.single_shard = map_.UnlistedShard();
      return TableDistribution(std::move(spec), map_.shard_count());
    }
    for (const TableDistribution& table : bound_) {
      if (table.schema() == schema && table.name() == name) return table;
    }
    return std::nullopt;
  }

  void CheckForeignKeys() {
    for (int shard = 0; shard < map_.shard_count(); ++shard) {
      for (const TableFacts& table : facts_[shard].tables) {
        std::optional<TableDistribution> source =
            Resolve(table.schema, table.name);
        // What lies on shards that the map does not send anybody to.
        if (!source || !source->All().Contains(shard)) continue;
        for (const ForeignKeyFacts& foreign_key : table.foreign_keys) {
          CheckForeignKey(table, *source, foreign_key);
        }
      }
    }
  }

  void CheckForeignKey(const TableFacts& table, const TableDistribution& source,
                       const ForeignKeyFacts& foreign_key) {
    std::optional<TableDistribution> target =
        Resolve(foreign_key.target_schema, foreign_key.target_table);
    if (!target) return;
    std::optional<std::string> problem =
        ForeignKeyProblem(foreign_key, source, *target);
    if (!problem) return;
    std::string message =
        "table " + table.schema + "." + table.name + ": foreign key " +
        foreign_key.name + " to " + foreign_key.target_schema + "." +
        foreign_key.target_table + " cannot be kept: " + *problem;
    if (!reported_.insert(message).second) return;
    // The table is not to be used.
    std::erase_if(check_.keys, [&](const TableKeyColumns& key) {
      return key.schema == table.schema && key.name == table.name;
    });
    check_.findings.push_back({Finding::Severity::kError, std::move(message)});
  }

  const ShardMap& map_;
  const std::span<const ShardFacts> facts_;
  std::vector<TableDistribution> bound_;
  std::set<std::string> reported_;  // the same key is found on every shard
  MapCheck check_;
};

}  // namespace

MapCheck CheckMap(const ShardMap& map, std::span<const ShardFacts> facts) {
  PGB_CHECK(facts.size() == map.shards().size());
  return MapChecker(map, facts).Check();
}

}  // namespace pgbraid::topology
