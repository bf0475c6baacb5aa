// What the looks at a shard's hosts add up to: which host is the primary, and
// which standbys may serve a read. Values only, no I/O; time is passed in.
//
// The primary is the host that is not in recovery, on the newest timeline that
// any host has shown. What is not known for sure serves nobody. Belongs to one
// reactor.
#ifndef PGBRAID_POOL_SHARD_VIEW_H_
#define PGBRAID_POOL_SHARD_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "pool/freshness.h"

namespace pgbraid::pool {

// How fresh a read must be.
enum class Consistency : uint8_t {
  kEventual,  // any standby within the lag allowed that shows the catalogs
  kSession,   // a session reads its own writes, and never goes back in time
  kStrong,    // always the primary
};

// What a session remembers of a shard.
struct SessionFreshness {
  FreshnessFloor floor;
  // The standby that served its last read, and that standby's life; -1: none.
  // A connection of another life has not shown what was asked for.
  int host = -1;
  int64_t incarnation = 0;

  // The session's last read or write here ran on the primary, and is over.
  void SeenOnPrimary(TimePoint now) {
    floor.SeenOnPrimary(now);
    host = -1;
  }
};

class ShardView {
 public:
  ShardView(size_t hosts, Duration max_replica_lag);

  // A look at `host` has ended at `now`: with what it showed, or without an
  // answer.
  void Note(int host, const std::optional<HostSample>& sample, TimePoint now);

  // The primary's number, or -1 while none is known.
  int primary() const { return primary_; }
  // Whether a host that was believed to be the primary has been replaced, as
  // far as anything shows: another one is believed, or claims a timeline that
  // is as new, or a newer timeline has been seen, or it is a standby itself. A
  // host that merely does not answer is not deposed.
  bool Deposed(int host) const;
  // A primary that comes back may have been replaced while it was away: it is
  // believed once every other host has been looked at since. True for a host
  // whose look is still missing.
  bool AwaitsLook(int host) const;
  // The newest sample of a host; nothing if the last look had no answer.
  const std::optional<HostSample>& sample(int host) const {
    return looks_[host].sample;
  }
  // The life of the host's server, as last sampled; 0 if not known.
  int64_t incarnation(int host) const;

  // A standby that may serve the session's next read at `now`, or -1.
  // `*must_wait` tells whether a new sample or some replay could change that.
  int ChooseStandby(Consistency consistency, TimePoint now,
                    SessionFreshness* session, bool* must_wait);

  // Reads are planned from now on with catalogs that a standby shows from here
  // on: it serves none of them before, however old its rows may be. An older
  // requirement than the last one changes nothing.
  void RequireShown(const FreshnessFloor& catalogs);

  // A read has waited as long as it may for some standby to replay `floor` and
  // what was required.
  // Those that have not are not waited for again before they have.
  void WaitedInVain(Lsn floor);

  // How far a standby lags at `now`, as the age of the newest flush position of
  // the primary that it has replayed; nothing if that is not known.
  std::optional<Duration> Lag(int host, TimePoint now) const;

 private:
  struct Look {
    bool asked = false;
    // Begin of the last look with an answer, end of the last one without.
    TimePoint at{};
    std::optional<HostSample> sample;
    Lsn waited_in_vain = 0;  // 0: not
  };
  struct FlushPoint {
    TimePoint at;
    Lsn lsn;
  };

  bool IsOfShard(const HostSample& sample) const;
  void NoteTimelines();
  // The host that claims to be the primary with the best right, or -1.
  int Candidate() const;
  bool Confirm(int candidate);
  bool LookIsMissing(int host) const;
  void NoteFlush();
  // A standby of this shard, on the newest timeline, near enough behind.
  bool IsAlive(int host, TimePoint now) const;
  bool Serves(int host, Consistency consistency, TimePoint now,
              const SessionFreshness& session) const;
  // Whether a standby that does not serve yet is worth waiting for.
  bool WorthWaiting(TimePoint now) const;

  const Duration max_replica_lag_;
  std::vector<Look> looks_;
  int primary_ = -1;
  bool unconfirmed_ = false;
  // The newest timeline seen, and the system of the first primary known.
  uint32_t timeline_ = 0;
  uint64_t system_id_ = 0;
  // The primary that was believed last, and the one that wants to be.
  int believed_ = -1;
  int64_t believed_incarnation_ = 0;
  uint32_t believed_timeline_ = 0;
  int claimant_ = -1;
  int64_t claimant_incarnation_ = 0;
  TimePoint claimed_at_{};
  FreshnessFloor catalogs_;         // see RequireShown()
  std::deque<FlushPoint> flushed_;  // oldest first, of timeline_
  size_t next_standby_ = 0;         // round robin for sessions without one
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_SHARD_VIEW_H_
