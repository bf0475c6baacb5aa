// The part of the map's check that looks at one table by itself.
//
// Pure function; any thread. Internal to topology/.
#ifndef PGBRAID_TOPOLOGY_TABLE_CHECK_H_
#define PGBRAID_TOPOLOGY_TABLE_CHECK_H_

#include <optional>
#include <string>
#include <vector>

#include "topology/catalog_facts.h"
#include "topology/distribution.h"
#include "topology/finding.h"

namespace pgbraid::topology {

// One shard that should hold the table.
struct TableOnShard {
  std::string shard;                  // its name
  const TableFacts* table = nullptr;  // null: the table does not exist there
};

// Adds what is wrong to `findings`. The table bound with its key's types; none
// if it does not exist anywhere or its key has an error.
std::optional<TableDistribution> CheckTable(
    const TableDistribution& table, const std::vector<TableOnShard>& shards,
    std::vector<Finding>* findings);

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_TABLE_CHECK_H_
