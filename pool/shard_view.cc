#include "pool/shard_view.h"

#include <algorithm>
#include <utility>

namespace pgbraid::pool {
namespace {

// On-demand samples may come in thousands a second; lag needs no finer steps
// than this.
constexpr Duration kFlushStep = std::chrono::milliseconds(10);
// How long flush positions are remembered at least.
constexpr Duration kFlushHistory = std::chrono::seconds(60);

uint32_t NewestOf(const HostSample& sample) {
  return std::max(sample.timeline, sample.past_timeline);
}

}  // namespace

ShardView::ShardView(size_t hosts, Duration max_replica_lag)
    : max_replica_lag_(max_replica_lag), looks_(hosts) {}

void ShardView::Note(int host, const std::optional<HostSample>& sample,
                     TimePoint now) {
  Look& look = looks_[host];
  if (!sample || !look.sample ||
      look.sample->incarnation != sample->incarnation) {
    look.waited_in_vain = 0;
  }
  look.asked = true;
  look.at = sample ? sample->begun : now;
  look.sample = sample;
  NoteTimelines();
  primary_ = Candidate();
  unconfirmed_ = primary_ >= 0 && !Confirm(primary_);
  if (unconfirmed_) primary_ = -1;
  if (primary_ < 0) return;
  const HostSample& chosen = *looks_[primary_].sample;
  if (chosen.timeline != timeline_) flushed_.clear();
  timeline_ = chosen.timeline;
  system_id_ = chosen.system_id;
  NoteFlush();
}

bool ShardView::IsOfShard(const HostSample& sample) const {
  return system_id_ == 0 || sample.system_id == system_id_;
}

void ShardView::NoteTimelines() {
  // Before a primary is known, Candidate() compares all of them.
  if (system_id_ == 0) return;
  for (const Look& look : looks_) {
    if (!look.sample || !IsOfShard(*look.sample)) continue;
    if (NewestOf(*look.sample) > timeline_) {
      timeline_ = NewestOf(*look.sample);
      flushed_.clear();
    }
  }
}

int ShardView::Candidate() const {
  uint32_t newest = timeline_;
  uint64_t system = system_id_;
  for (const Look& look : looks_) {
    // At the start an old primary may answer before the new one does.
    if (!look.asked) return -1;
    // Another system is not this shard's, however it came to this address. As
    // long as it is not known which one is, none is believed.
    if (!look.sample || !IsOfShard(*look.sample)) continue;
    if (system == 0) system = look.sample->system_id;
    if (look.sample->system_id != system) return -1;
    // A standby follows a newer timeline only after a promotion.
    newest = std::max(newest, NewestOf(*look.sample));
  }
  int best = -1;
  for (size_t i = 0; i < looks_.size(); ++i) {
    const auto& sample = looks_[i].sample;
    if (!sample || sample->in_recovery || !IsOfShard(*sample) ||
        sample->timeline == 0 || sample->timeline != newest) {
      continue;
    }
    // Two that claim one timeline: neither can be believed.
    if (best >= 0) return -1;
    best = static_cast<int>(i);
  }
  return best;
}

bool ShardView::Confirm(int candidate) {
  const HostSample& sample = *looks_[candidate].sample;
  bool same =
      candidate == believed_ && sample.incarnation == believed_incarnation_;
  // One that comes back on the timeline it had may have been replaced while it
  // was away; on a newer one than was known it can't have been.
  if (!same && believed_ >= 0 && sample.timeline <= believed_timeline_) {
    if (claimant_ != candidate || claimant_incarnation_ != sample.incarnation) {
      claimant_ = candidate;
      claimant_incarnation_ = sample.incarnation;
      claimed_at_ = sample.begun;
    }
    for (size_t i = 0; i < looks_.size(); ++i) {
      if (LookIsMissing(static_cast<int>(i))) return false;
    }
  }
  believed_ = candidate;
  believed_incarnation_ = sample.incarnation;
  believed_timeline_ = sample.timeline;
  return true;
}

bool ShardView::Deposed(int host) const {
  if (host == primary_) return false;
  if (primary_ >= 0 || host != believed_) return true;
  if (timeline_ > believed_timeline_) return true;
  for (size_t i = 0; i < looks_.size(); ++i) {
    const auto& sample = looks_[i].sample;
    if (!sample || !IsOfShard(*sample)) continue;
    if (static_cast<int>(i) == host) {
      if (sample->in_recovery) return true;
    } else if (!sample->in_recovery && sample->timeline >= believed_timeline_) {
      return true;
    }
  }
  return false;
}

bool ShardView::LookIsMissing(int host) const {
  return host != claimant_ && looks_[host].at <= claimed_at_;
}

bool ShardView::AwaitsLook(int host) const {
  return unconfirmed_ && LookIsMissing(host);
}

void ShardView::NoteFlush() {
  const HostSample& sample = *looks_[primary_].sample;
  if (!flushed_.empty() && flushed_.back().at >= sample.begun) return;
  if (flushed_.size() >= 2 &&
      sample.begun - flushed_[flushed_.size() - 2].at < kFlushStep) {
    flushed_.back() = {sample.begun, sample.flush_lsn};
    return;
  }
  flushed_.push_back({sample.begun, sample.flush_lsn});
  Duration kept = std::max(kFlushHistory, max_replica_lag_);
  while (sample.begun - flushed_.front().at > kept) flushed_.pop_front();
}

int64_t ShardView::incarnation(int host) const {
  const auto& sample = looks_[host].sample;
  return sample ? sample->incarnation : 0;
}

std::optional<Duration> ShardView::Lag(int host, TimePoint now) const {
  const auto& sample = looks_[host].sample;
  if (!sample || !sample->in_recovery || sample->timeline != timeline_ ||
      !IsOfShard(*sample)) {
    return std::nullopt;
  }
  for (auto point = flushed_.rbegin(); point != flushed_.rend(); ++point) {
    if (point->lsn <= sample->lsn) return now - point->at;
  }
  return std::nullopt;
}

bool ShardView::IsAlive(int host, TimePoint now) const {
  const auto& sample = looks_[host].sample;
  if (!sample || !sample->in_recovery || timeline_ == 0 ||
      sample->timeline != timeline_ || sample->system_id != system_id_) {
    return false;
  }
  TimePoint oldest = now - max_replica_lag_;
  for (auto point = flushed_.rbegin(); point != flushed_.rend(); ++point) {
    if (point->at < oldest) return false;
    if (point->lsn <= sample->lsn) return true;
  }
  return false;
}

bool ShardView::Serves(int host, Consistency consistency, TimePoint now,
                       const SessionFreshness& session) const {
  if (!IsAlive(host, now)) return false;
  if (!catalogs_.MetBy(*looks_[host].sample, timeline_)) return false;
  if (consistency == Consistency::kEventual) return true;
  return session.floor.MetBy(*looks_[host].sample, timeline_);
}

bool ShardView::WorthWaiting(TimePoint now) const {
  for (size_t i = 0; i < looks_.size(); ++i) {
    int host = static_cast<int>(i);
    if (IsAlive(host, now) &&
        looks_[i].sample->lsn >= looks_[i].waited_in_vain) {
      return true;
    }
  }
  return false;
}

void ShardView::RequireShown(const FreshnessFloor& catalogs) {
  if (std::pair(catalogs.timeline, catalogs.lsn) >
      std::pair(catalogs_.timeline, catalogs_.lsn)) {
    catalogs_ = catalogs;
  }
}

void ShardView::WaitedInVain(Lsn floor) {
  floor = std::max(floor, catalogs_.lsn);
  for (Look& look : looks_) {
    if (look.sample && look.sample->in_recovery && look.sample->lsn < floor) {
      look.waited_in_vain = std::max(look.waited_in_vain, floor);
    }
  }
}

int ShardView::ChooseStandby(Consistency consistency, TimePoint now,
                             SessionFreshness* session, bool* must_wait) {
  *must_wait = false;
  if (consistency == Consistency::kStrong || looks_.size() < 2) return -1;
  bool for_session = consistency == Consistency::kSession;
  if (session->host >= 0) {
    // Staying with one standby, a session can't go back in time.
    bool floor_known = !for_session || !session->floor.unresolved();
    if (floor_known && incarnation(session->host) == session->incarnation &&
        Serves(session->host, consistency, now, *session)) {
      return session->host;
    }
    // It leaves its standby: what it saw there is on the primary too.
    session->SeenOnPrimary(now);
  }
  FreshnessFloor& floor = session->floor;
  if (for_session) {
    if (floor.lsn != 0 && floor.timeline != timeline_ && !floor.unresolved()) {
      session->SeenOnPrimary(now);
    }
    if (floor.unresolved()) {
      if (primary_ < 0) return -1;
      if (!floor.Resolve(*looks_[primary_].sample)) {
        *must_wait = WorthWaiting(now);
        return -1;
      }
    }
  }
  size_t n = looks_.size();
  for (size_t i = 0; i < n; ++i) {
    int host = static_cast<int>((next_standby_ + i) % n);
    if (host == primary_ || !Serves(host, consistency, now, *session)) continue;
    next_standby_ = (static_cast<size_t>(host) + 1) % n;
    session->host = host;
    session->incarnation = incarnation(host);
    return host;
  }
  *must_wait = WorthWaiting(now);
  return -1;
}

}  // namespace pgbraid::pool
