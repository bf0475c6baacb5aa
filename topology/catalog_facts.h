// What the check of a shard map needs to know of the shards' catalogs. Filled
// by whoever reads them.
//
// Values only; any thread.
#ifndef PGBRAID_TOPOLOGY_CATALOG_FACTS_H_
#define PGBRAID_TOPOLOGY_CATALOG_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "topology/key_type.h"

namespace pgbraid::topology {

// pg_attribute, without dropped columns.
struct ColumnFacts {
  std::string name;
  Oid type_oid = 0;
  std::string type_name;  // as format_type prints it
  int32_t typmod = -1;
  // Its collation (pg_collation.collisdeterministic; collcollate is C or POSIX,
  // the database's for the default collation). True for types without.
  bool deterministic = true;
  bool byte_order = false;
  bool not_null = false;
  // Its value comes from a sequence (serial, identity).
  bool from_sequence = false;
  // GENERATED ALWAYS AS (expression).
  bool generated = false;
};

// A primary key, unique constraint, unique index or exclusion constraint.
struct UniqueFacts {
  std::string name;
  // The plain columns that are compared for equality; expressions, and an
  // exclusion constraint's columns under other operators, are left out.
  std::vector<std::string> columns;
};

// A foreign key of the table.
struct ForeignKeyFacts {
  std::string name;
  std::vector<std::string> columns;
  std::string target_schema;
  std::string target_table;
  std::vector<std::string> target_columns;  // pairwise with `columns`
};

// A user's trigger or rule that is enabled.
struct TriggerFacts {
  std::string name;
  // May change or drop the row before it is stored: BEFORE ... FOR EACH ROW on
  // INSERT or UPDATE, or a rule.
  bool changes_rows = false;
};

struct TableFacts {
  std::string schema;
  std::string name;
  std::vector<ColumnFacts> columns;  // in attnum order
  std::vector<UniqueFacts> uniques;
  std::vector<ForeignKeyFacts> foreign_keys;
  std::vector<TriggerFacts> triggers;
};

// One shard's tables: those of the map that exist there, and any other that
// has a foreign key (only these keys are looked at).
struct ShardFacts {
  std::vector<TableFacts> tables;
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_CATALOG_FACTS_H_
