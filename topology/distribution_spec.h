// How one table is split, as --tables says it: the text's own words, before
// the catalogs have told what types the key columns have.
//
// Values only; any thread.
#ifndef PGBRAID_TOPOLOGY_DISTRIBUTION_SPEC_H_
#define PGBRAID_TOPOLOGY_DISTRIBUTION_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "topology/time_buckets.h"

namespace pgbraid::topology {

enum class DistributionKind : uint8_t {
  kHash,
  kList,
  kRange,
  kTime,
  kReference,  // every shard holds all rows
  kSingle,     // one shard holds all rows
};

// A value in a list or range, without its quotes.
struct SpecValue {
  std::string text;
  int position = 0;  // its first character in --tables, from 1
};

// 'eu', 'uk' = s0
struct ListEntry {
  std::vector<SpecValue> values;
  int shard = 0;
};

// < 1000 = s0
struct RangeEntry {
  SpecValue bound;  // the first value that is no longer in it
  int shard = 0;
};

struct DistributionSpec {
  std::string schema;
  std::string name;
  DistributionKind kind = DistributionKind::kSingle;
  std::vector<std::string> key_columns;  // none: kReference, kSingle
  std::vector<ListEntry> list;           // kList
  std::vector<RangeEntry> range;         // kRange, in the order of the text
  TimeInterval interval;                 // kTime
  // kList: `default = s`; kRange: `* = s`.
  std::optional<int> default_shard;
  // `null = s`, for kList, kRange and kTime.
  std::optional<int> null_shard;
  int single_shard = 0;  // kSingle
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_DISTRIBUTION_SPEC_H_
