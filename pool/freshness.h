// Freshness as a value: what a read must at least see, and what a host is known
// to show.
//
// A WAL position means something only on its timeline and, for a standby, for
// one life (incarnation) of its postmaster, since a restarted standby may show
// less than it did before. Values only, no I/O.
#ifndef PGBRAID_POOL_FRESHNESS_H_
#define PGBRAID_POOL_FRESHNESS_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace pgbraid::pool {

using Lsn = uint64_t;

// "16/B374D848" -> 0x16B374D848; nullopt if it is not of that form.
std::optional<Lsn> ParseLsn(std::string_view text);

// Insert positions stand behind a page's header where replay positions stand
// before it (xlog_internal.h: 24 bytes, 40 on the first page of a segment).
// Gives the position before the header, so that the two can be compared.
Lsn NormalizeLsn(Lsn lsn, uint64_t wal_segment_bytes);

// One look at one host.
struct HostSample {
  TimePoint begun{};  // when the question was sent
  bool in_recovery = false;
  uint64_t system_id = 0;
  // Primary: the timeline it writes. Standby: the one that it receives, or last
  // received in this incarnation; 0 if not known.
  uint32_t timeline = 0;
  // A timeline that the host has certainly been on, at least; 0 if not known.
  uint32_t past_timeline = 0;
  int64_t incarnation = 0;  // differs between the server's lives
  // Primary: insert position, normalised. Standby: replayed position.
  Lsn lsn = 0;
  Lsn flush_lsn = 0;  // primary only
};

// What a session's next read on a shard must see. Starts empty: anything.
struct FreshnessFloor {
  // When set, something was seen or written on the primary at this time, and no
  // sample of it begun later has been taken in yet.
  TimePoint unresolved_since{};
  Lsn lsn = 0;  // 0: no floor
  uint32_t timeline = 0;

  bool unresolved() const { return unresolved_since != TimePoint{}; }

  // Something was written or read on the primary, and is over by `now`.
  void SeenOnPrimary(TimePoint now) { unresolved_since = now; }

  // Takes in a sample of the primary; true if the floor is resolved by it.
  bool Resolve(const HostSample& primary);

  // Whether a standby with this sample shows all that the floor asks for, on
  // the timeline of the primary. Only for a resolved floor.
  bool MetBy(const HostSample& standby, uint32_t primary_timeline) const;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_FRESHNESS_H_
