// Time cut into equal intervals: which one an instant lies in.
//
// Intervals are counted in UTC, bucket 0 beginning at 2000-01-01 00:00 (for
// weeks at Monday 2000-01-03); earlier ones are negative. Months and years
// follow the proleptic Gregorian calendar, as PostgreSQL's do.
//
// Values only; any thread.
#ifndef PGBRAID_TOPOLOGY_TIME_BUCKETS_H_
#define PGBRAID_TOPOLOGY_TIME_BUCKETS_H_

#include <cstdint>

#include "topology/key_type.h"

namespace pgbraid::topology {

// N days, weeks, months or years. count >= 1.
struct TimeInterval {
  enum class Unit : uint8_t { kDay, kWeek, kMonth, kYear };
  static constexpr int32_t kMaxCount = 10000;

  int32_t count = 1;
  Unit unit = Unit::kMonth;

  bool operator==(const TimeInterval&) const = default;
};

// The number of the interval that holds `value`: a date's days or a
// timestamp's microseconds as in KeyValue::Int. `type` must be temporal.
int64_t TimeBucketOf(const TimeInterval& interval, KeyType type, int64_t value);

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_TIME_BUCKETS_H_
