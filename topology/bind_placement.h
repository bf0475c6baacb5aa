// Makes a table's placement once the types of its key are known.
//
// Pure function; any thread. Internal to topology/.
#ifndef PGBRAID_TOPOLOGY_BIND_PLACEMENT_H_
#define PGBRAID_TOPOLOGY_BIND_PLACEMENT_H_

#include <memory>
#include <span>

#include "base/status.h"
#include "topology/distribution_spec.h"
#include "topology/key_type.h"
#include "topology/placement.h"

namespace pgbraid::topology {

// The placement that `spec` describes for key columns of these types; null for
// a kind without a key. 22023 with all findings, one a line.
StatusOr<std::shared_ptr<const Placement>> BindPlacement(
    const DistributionSpec& spec, std::span<const KeyColumn> columns,
    int shard_count);

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_BIND_PLACEMENT_H_
