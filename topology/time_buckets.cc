#include "topology/time_buckets.h"

#include "topology/civil_time.h"

namespace pgbraid::topology {

int64_t TimeBucketOf(const TimeInterval& interval, KeyType type,
                     int64_t value) {
  constexpr int64_t kFirstMonday = 2;  // 2000-01-03
  int64_t days =
      type == KeyType::kDate ? value : FloorDiv(value, kMicrosPerDay);
  switch (interval.unit) {
    case TimeInterval::Unit::kDay:
      return FloorDiv(days, interval.count);
    case TimeInterval::Unit::kWeek:
      return FloorDiv(days - kFirstMonday, int64_t{7} * interval.count);
    case TimeInterval::Unit::kMonth: {
      CivilDate date = CivilFromDays(days);
      return FloorDiv((date.year - 2000) * 12 + date.month - 1, interval.count);
    }
    case TimeInterval::Unit::kYear:
      return FloorDiv(CivilFromDays(days).year - 2000, interval.count);
  }
  return 0;
}

}  // namespace pgbraid::topology
