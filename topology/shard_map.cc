#include "topology/shard_map.h"

#include <algorithm>
#include <utility>

#include "topology/flag_error.h"
#include "topology/shards_parser.h"
#include "topology/tables_parser.h"

namespace pgbraid::topology {
namespace {

auto NameOfTable(const TableDistribution& table) {
  return std::pair<std::string_view, std::string_view>(table.schema(),
                                                       table.name());
}

}  // namespace

ShardMap::ShardMap(std::vector<Shard> shards,
                   std::vector<TableDistribution> tables, uint64_t epoch)
    : shards_(std::move(shards)), tables_(std::move(tables)), epoch_(epoch) {
  std::sort(tables_.begin(), tables_.end(),
            [](const TableDistribution& a, const TableDistribution& b) {
              return NameOfTable(a) < NameOfTable(b);
            });
}

StatusOr<ShardMap> ShardMap::Parse(std::string_view shards,
                                   std::string_view tables, uint64_t epoch) {
  ParsedShards parsed = ParseShards(shards);
  ParsedTables listed =
      ParseTables(tables, parsed.shards, parsed.errors.empty());
  std::vector<std::string> findings = std::move(parsed.errors);
  findings.insert(findings.end(), listed.errors.begin(), listed.errors.end());
  PGB_RETURN_IF_ERROR(JoinFindings(findings));

  std::vector<TableDistribution> distributions;
  for (DistributionSpec& spec : listed.tables) {
    distributions.emplace_back(std::move(spec),
                               static_cast<int>(parsed.shards.size()));
  }
  return ShardMap(std::move(parsed.shards), std::move(distributions), epoch);
}

StatusOr<ShardMap> ShardMap::Bind(std::span<const TableKeyColumns> tables,
                                  uint64_t epoch) const {
  std::vector<TableDistribution> distributions;
  std::vector<std::string> findings;
  for (const TableDistribution& table : tables_) {
    auto columns =
        std::find_if(tables.begin(), tables.end(), [&](const auto& other) {
          return other.schema == table.schema() && other.name == table.name();
        });
    if (columns == tables.end()) {
      distributions.emplace_back(table.spec(), shard_count());
      continue;
    }
    StatusOr<TableDistribution> bound = table.Bind(columns->columns);
    if (bound.ok()) {
      distributions.push_back(*std::move(bound));
    } else {
      findings.push_back(MessageOf(bound.status()));
    }
  }
  PGB_RETURN_IF_ERROR(JoinFindings(findings));
  return ShardMap(shards_, std::move(distributions), epoch);
}

std::optional<int> ShardMap::FindShard(std::string_view name) const {
  for (size_t i = 0; i < shards_.size(); ++i) {
    if (shards_[i].name == name) return static_cast<int>(i);
  }
  return std::nullopt;
}

const TableDistribution* ShardMap::FindTable(std::string_view schema,
                                             std::string_view name) const {
  std::pair wanted(schema, name);
  auto found =
      std::lower_bound(tables_.begin(), tables_.end(), wanted,
                       [](const TableDistribution& table, const auto& key) {
                         return NameOfTable(table) < key;
                       });
  bool same = found != tables_.end() && NameOfTable(*found) == wanted;
  return same ? &*found : nullptr;
}

}  // namespace pgbraid::topology
