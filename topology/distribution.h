// Where the rows of one table are: from values of its key to shards.
//
// Made unbound from the shard map's text. What it knows of single values needs
// the types of the key columns, which only the catalogs can tell: Bind() makes
// a copy that knows them. Unbound, every answer is All(), which is right for a
// read and never enough for a write.
//
// Immutable; any thread.
#ifndef PGBRAID_TOPOLOGY_DISTRIBUTION_H_
#define PGBRAID_TOPOLOGY_DISTRIBUTION_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "topology/distribution_spec.h"
#include "topology/key_type.h"
#include "topology/key_value.h"
#include "topology/placement.h"
#include "topology/shard_set.h"

namespace pgbraid::topology {

class TableDistribution {
 public:
  // 1 <= shard_count <= ShardSet::kMaxShards; the spec's shards are below it.
  TableDistribution(DistributionSpec spec, int shard_count);

  const std::string& schema() const { return spec_->schema; }
  const std::string& name() const { return spec_->name; }
  DistributionKind kind() const { return spec_->kind; }
  const DistributionSpec& spec() const { return *spec_; }
  int shard_count() const { return shard_count_; }
  // The key's columns in order; none for kReference and kSingle.
  const std::vector<std::string>& key_columns() const {
    return spec_->key_columns;
  }

  // A copy that knows the key columns' types, one for each of key_columns().
  // 22023 with all findings, one a line: values that are not of the type's
  // canonical form or stand twice, bounds that do not ascend, a type that
  // cannot be split that way. Binding a bound one again replaces the types.
  StatusOr<TableDistribution> Bind(std::span<const KeyColumn> columns) const;

  // True from the start for kReference and kSingle.
  bool bound() const { return placement_ != nullptr || key_columns().empty(); }
  // One for each of key_columns(); empty as long as it is not bound.
  const std::vector<KeyColumn>& key_types() const { return key_types_; }

  // Every shard that may hold rows of the table: for kSingle the one. For
  // kReference each of them holds all rows.
  ShardSet All() const;

  // The shard of the row with this key: one value for each of key_columns(),
  // in order, each of its column's type or NULL. One shard or none (a list
  // without default; a range without `*`); none means for a read that no row
  // has this key and for an INSERT that it is refused (23514). kReference and
  // kSingle: All(). Unbound: All().
  ShardSet ForEqual(std::span<const KeyValue> key) const;

  // The shards that may hold rows whose key lies between the bounds; a null
  // pointer is no bound. NULL keys are not among them. Exact for kRange and
  // kTime; All() for the others, for unbound ones, and for keys of several
  // columns.
  ShardSet ForRange(const KeyBound* lower, const KeyBound* upper) const;

  // The shard of rows whose (single-column) key is NULL: kHash remainder 0;
  // else what the map names for null, its default, or none. For a key of
  // several columns All().
  ShardSet ForNull() const;

 private:
  friend bool CoLocated(const TableDistribution& a, const TableDistribution& b);

  std::shared_ptr<const DistributionSpec> spec_;
  int shard_count_;
  std::vector<KeyColumn> key_types_;
  std::shared_ptr<const Placement> placement_;  // null: unbound, or no key
};

// Whether rows with equal keys lie on the same shard in both tables: same
// kind, keys of the same type families, same placement. Both must be bound.
// Two reference tables are; a reference and another table are not, though
// they can be joined anywhere.
bool CoLocated(const TableDistribution& a, const TableDistribution& b);

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_DISTRIBUTION_H_
