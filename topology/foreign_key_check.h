// The part of the map's check that looks at foreign keys: whether a row and the
// row that it refers to always lie on the same shard.
//
// Pure function; any thread. Internal to topology/.
#ifndef PGBRAID_TOPOLOGY_FOREIGN_KEY_CHECK_H_
#define PGBRAID_TOPOLOGY_FOREIGN_KEY_CHECK_H_

#include <optional>
#include <string>

#include "topology/catalog_facts.h"
#include "topology/distribution.h"

namespace pgbraid::topology {

// Why the foreign key cannot be kept, as a phrase; nothing if it can. Both
// tables are bound.
std::optional<std::string> ForeignKeyProblem(const ForeignKeyFacts& foreign_key,
                                             const TableDistribution& source,
                                             const TableDistribution& target);

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_FOREIGN_KEY_CHECK_H_
