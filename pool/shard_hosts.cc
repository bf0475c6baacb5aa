#include "pool/shard_hosts.h"

#include <algorithm>
#include <utility>

namespace pgbraid::pool {
namespace {

// How long flush positions are remembered; an older one proves no useful lag.
constexpr Duration kFlushHistory = std::chrono::seconds(60);
// How soon a standby that is behind is asked again while a read waits for it.
constexpr Duration kAskAgainAfter = std::chrono::milliseconds(1);

// Lets a coroutine hear of changes for as long as it lives.
class Registration {
 public:
  Registration(std::vector<net::Waiter*>* list, net::Waiter* waiter)
      : list_(list), waiter_(waiter) {
    list_->push_back(waiter_);
  }
  ~Registration() { std::erase(*list_, waiter_); }

 private:
  std::vector<net::Waiter*>* const list_;
  net::Waiter* const waiter_;
};

}  // namespace

ShardHosts::ShardHosts(net::Reactor* reactor, ShardHostsOptions options,
                       const Credentials* credentials, ReactorTables* tables,
                       wire::RandomSource* random)
    : reactor_(reactor), options_(std::move(options)) {
  for (const HostPoolOptions& host_options : options_.hosts) {
    auto host = std::make_unique<Host>();
    host->pool = std::make_unique<HostPool>(reactor, host_options, credentials,
                                            tables, random);
    HostMonitorOptions monitor = options_.monitor;
    monitor.address = host_options.address;
    host->monitor = std::make_unique<HostMonitor>(
        reactor, std::move(monitor), tables, random, [this] { OnSample(); });
    hosts_.push_back(std::move(host));
  }
}

void ShardHosts::Start() {
  for (auto& host : hosts_) host->monitor->Start();
}

int ShardHosts::FindPrimary() const {
  int best = -1;
  bool tied = false;
  // At the start an old primary may answer before the new one does.
  for (const auto& host : hosts_) {
    if (!host->monitor->asked()) return -1;
  }
  for (size_t i = 0; i < hosts_.size(); ++i) {
    const auto& sample = hosts_[i]->monitor->sample();
    if (!sample || sample->in_recovery) continue;
    // Another system is not this shard's, however it came to this address.
    if (system_id_ != 0 && sample->system_id != system_id_) continue;
    // An old primary that came back is still on the old timeline.
    if (sample->timeline < timeline_) continue;
    if (best >= 0 &&
        sample->system_id != hosts_[best]->monitor->sample()->system_id) {
      return -1;
    }
    if (best < 0 ||
        sample->timeline > hosts_[best]->monitor->sample()->timeline) {
      best = static_cast<int>(i);
      tied = false;
    } else if (sample->timeline == hosts_[best]->monitor->sample()->timeline) {
      tied = true;
    }
  }
  // Two that claim to be the primary of one timeline: neither can be believed.
  return tied ? -1 : best;
}

void ShardHosts::OnSample() {
  for (auto& host : hosts_) {
    const auto& sample = host->monitor->sample();
    int64_t incarnation = sample ? sample->incarnation : 0;
    bool in_recovery = sample && sample->in_recovery;
    if (incarnation != host->known_incarnation ||
        in_recovery != host->known_in_recovery) {
      host->pool->DropIdle();
      host->known_incarnation = incarnation;
      host->known_in_recovery = in_recovery;
    }
  }
  primary_ = FindPrimary();
  if (primary_ >= 0) {
    const HostSample& sample = *hosts_[primary_]->monitor->sample();
    if (sample.timeline != timeline_) flushed_.clear();
    timeline_ = sample.timeline;
    system_id_ = sample.system_id;
    NoteFlush();
  }
  NotifyChange();
}

void ShardHosts::NoteFlush() {
  const HostSample& sample = *hosts_[primary_]->monitor->sample();
  if (!flushed_.empty() && flushed_.back().at >= sample.begun) return;
  // On-demand samples may come in thousands a second; lag needs no finer steps
  // than this.
  if (flushed_.size() >= 2 && sample.begun - flushed_[flushed_.size() - 2].at <
                                  std::chrono::milliseconds(10)) {
    flushed_.back() = {sample.begun, sample.flush_lsn};
    return;
  }
  flushed_.push_back({sample.begun, sample.flush_lsn});
  while (sample.begun - flushed_.front().at > kFlushHistory) {
    flushed_.pop_front();
  }
}

void ShardHosts::NotifyChange() {
  for (net::Waiter* waiter : waiting_) waiter->Notify();
}

std::optional<Duration> ShardHosts::Lag(int host) const {
  const auto& sample = hosts_[host]->monitor->sample();
  if (!sample || !sample->in_recovery || sample->timeline != timeline_) {
    return std::nullopt;
  }
  for (auto point = flushed_.rbegin(); point != flushed_.rend(); ++point) {
    if (point->lsn <= sample->lsn) return reactor_->now() - point->at;
  }
  return std::nullopt;
}

bool ShardHosts::WithinLag(const HostSample& standby) const {
  TimePoint oldest = reactor_->now() - options_.max_replica_lag;
  for (auto point = flushed_.rbegin(); point != flushed_.rend(); ++point) {
    if (point->at < oldest) return false;
    if (point->lsn <= standby.lsn) return true;
  }
  return false;
}

bool ShardHosts::Serves(int host, Consistency consistency,
                        const SessionFreshness& session) const {
  const auto& sample = hosts_[host]->monitor->sample();
  if (!sample || !sample->in_recovery || timeline_ == 0 ||
      sample->timeline != timeline_ || sample->system_id != system_id_) {
    return false;
  }
  if (!WithinLag(*sample)) return false;
  if (consistency == Consistency::kEventual) return true;
  return session.floor.MetBy(*sample, timeline_);
}

int ShardHosts::TryChooseStandby(Consistency consistency,
                                 SessionFreshness* session, bool* must_wait) {
  *must_wait = false;
  if (consistency == Consistency::kStrong || hosts_.size() < 2) return -1;
  // Staying with one standby, a session can't go back in time.
  if (session->host >= 0 && !session->floor.unresolved()) {
    int64_t life = incarnation(session->host);
    if (life == session->incarnation &&
        Serves(session->host, consistency, *session)) {
      return session->host;
    }
    // It leaves its standby: what it saw there is on the primary too.
    if (consistency == Consistency::kSession) {
      session->SeenOnPrimary(reactor_->now());
    }
    session->host = -1;
  }
  if (consistency == Consistency::kSession) {
    if (session->floor.lsn != 0 && session->floor.timeline != timeline_ &&
        !session->floor.unresolved()) {
      session->SeenOnPrimary(reactor_->now());
    }
    if (session->floor.unresolved()) {
      if (primary_ < 0) return -1;
      if (!session->floor.Resolve(*hosts_[primary_]->monitor->sample())) {
        *must_wait = true;
        return -1;
      }
    }
  }
  bool any_alive = false;
  size_t n = hosts_.size();
  for (size_t i = 0; i < n; ++i) {
    int host = static_cast<int>((next_standby_ + i) % n);
    if (host == primary_) continue;
    if (Serves(host, consistency, *session)) {
      next_standby_ = (static_cast<size_t>(host) + 1) % n;
      session->host = host;
      session->incarnation = incarnation(host);
      return host;
    }
    const auto& sample = hosts_[host]->monitor->sample();
    any_alive |= sample && sample->in_recovery &&
                 sample->timeline == timeline_ && WithinLag(*sample);
  }
  *must_wait = any_alive && consistency == Consistency::kSession;
  return -1;
}

net::Task<int> ShardHosts::ChooseStandby(Consistency consistency,
                                         SessionFreshness* session) {
  TimePoint deadline = reactor_->clock()->Now() + options_.freshness_wait;
  net::Waiter waiter(reactor_);
  Registration registration(&waiting_, &waiter);
  for (bool first = true;; first = false) {
    bool must_wait = false;
    int host = TryChooseStandby(consistency, session, &must_wait);
    if (host >= 0 || !must_wait) co_return host;
    TimePoint now = reactor_->clock()->Now();
    if (now >= deadline) co_return -1;
    if (session->floor.unresolved()) {
      // Both at once: most often the standby has replayed it by then.
      for (auto& h : hosts_) h->monitor->RequestSample();
      co_await waiter.Wait(deadline);
      continue;
    }
    if (!first) {
      co_await waiter.Wait(std::min(deadline, now + kAskAgainAfter));
    }
    for (size_t i = 0; i < hosts_.size(); ++i) {
      if (static_cast<int>(i) != primary_) hosts_[i]->monitor->RequestSample();
    }
    co_await waiter.Wait(deadline);
  }
}

net::Task<StatusOr<int>> ShardHosts::AwaitPrimary(TimePoint deadline) {
  net::Waiter waiter(reactor_);
  Registration registration(&waiting_, &waiter);
  while (primary_ < 0) {
    bool notified = co_await waiter.Wait(deadline);
    if (!notified && primary_ < 0) {
      std::string detail;
      for (const auto& host : hosts_) {
        if (!detail.empty()) detail += "; ";
        detail += host->pool->address().ToString() + ": ";
        const auto& sample = host->monitor->sample();
        if (!sample) {
          detail += MessageOf(host->monitor->error());
        } else {
          detail += (sample->in_recovery ? "a standby on timeline "
                                         : "a primary on timeline ") +
                    std::to_string(sample->timeline);
        }
      }
      co_return SqlError(
          sqlstate::kCannotConnectNow,
          "shard " + options_.shard_name + " has no primary at the moment",
          detail + ".");
    }
  }
  co_return primary_;
}

void ShardHosts::Suspect(int host) { hosts_[host]->monitor->RequestSample(); }

int64_t ShardHosts::incarnation(int host) const {
  const auto& sample = hosts_[host]->monitor->sample();
  return sample ? sample->incarnation : 0;
}

}  // namespace pgbraid::pool
