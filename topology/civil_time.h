// Calendar arithmetic in PostgreSQL's frame: days and microseconds counted from
// 2000-01-01 00:00:00, proleptic Gregorian.
//
// Pure functions; any thread.
#ifndef PGBRAID_TOPOLOGY_CIVIL_TIME_H_
#define PGBRAID_TOPOLOGY_CIVIL_TIME_H_

#include <cstdint>

namespace pgbraid::topology {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

struct CivilDate {
  int64_t year = 2000;  // 0 is 1 BC
  int month = 1;        // 1 to 12
  int day = 1;          // 1 to 31

  bool operator==(const CivilDate&) const = default;
};

// The date must exist.
int64_t DaysFromCivil(const CivilDate& date);
// |days| at most 2^40.
CivilDate CivilFromDays(int64_t days);
// month 1 to 12.
int DaysInMonth(int64_t year, int month);

// Quotient rounded towards minus infinity, and its remainder (never negative).
// divisor > 0.
constexpr int64_t FloorDiv(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}
constexpr int64_t FloorMod(int64_t value, int64_t divisor) {
  int64_t rest = value % divisor;
  return rest < 0 ? rest + divisor : rest;
}

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_CIVIL_TIME_H_
