#include "topology/foreign_key_check.h"

#include <vector>

namespace pgbraid::topology {
namespace {

// Whether the foreign key pairs each column of the one key with the same
// column of the other.
bool PairsKeys(const ForeignKeyFacts& foreign_key,
               const std::vector<std::string>& source_key,
               const std::vector<std::string>& target_key) {
  for (size_t i = 0; i < source_key.size(); ++i) {
    bool paired = false;
    for (size_t j = 0; j < foreign_key.columns.size(); ++j) {
      paired = paired || (foreign_key.columns[j] == source_key[i] &&
                          j < foreign_key.target_columns.size() &&
                          foreign_key.target_columns[j] == target_key[i]);
    }
    if (!paired) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> ForeignKeyProblem(const ForeignKeyFacts& foreign_key,
                                             const TableDistribution& source,
                                             const TableDistribution& target) {
  // Every shard holds all rows of a reference table.
  if (target.kind() == DistributionKind::kReference) return std::nullopt;
  // All rows on the same shard, whatever their kinds.
  if (source.All() == target.All() && source.All().size() == 1) {
    return std::nullopt;
  }
  if (source.kind() == DistributionKind::kReference) {
    return "a reference table can only refer to a reference table";
  }
  if (source.kind() == DistributionKind::kSingle ||
      target.kind() == DistributionKind::kSingle) {
    return "the two tables are not on the same shards";
  }
  if (!CoLocated(source, target)) return "the two tables are not co-located";
  if (!PairsKeys(foreign_key, source.key_columns(), target.key_columns())) {
    return "it does not contain the key of both tables";
  }
  return std::nullopt;
}

}  // namespace pgbraid::topology
