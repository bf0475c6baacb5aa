#include "pool/shard_hosts.h"

#include <algorithm>
#include <utility>

namespace pgbraid::pool {
namespace {

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
    : reactor_(reactor),
      options_(std::move(options)),
      view_(options_.hosts.size(), options_.max_replica_lag) {
  for (const HostPoolOptions& host_options : options_.hosts) {
    auto host = std::make_unique<Host>();
    host->pool = std::make_unique<HostPool>(reactor, host_options, credentials,
                                            tables, random);
    HostMonitorOptions monitor = options_.monitor;
    monitor.address = host_options.address;
    host->monitor = std::make_unique<HostMonitor>(
        reactor, std::move(monitor), tables, random,
        [this, number = static_cast<int>(hosts_.size())] { OnSample(number); });
    hosts_.push_back(std::move(host));
  }
}

void ShardHosts::Start() {
  for (auto& host : hosts_) host->monitor->Start();
}

void ShardHosts::OnSample(int number) {
  Host& host = *hosts_[number];
  const auto& sample = host.monitor->sample();
  int64_t incarnation = sample ? sample->incarnation : 0;
  bool in_recovery = sample && sample->in_recovery;
  if (incarnation != host.known_incarnation ||
      in_recovery != host.known_in_recovery) {
    host.pool->DropIdle();
    host.known_incarnation = incarnation;
    host.known_in_recovery = in_recovery;
  }
  view_.Note(number, sample, reactor_->clock()->Now());
  FollowPrimary();
  for (size_t i = 0; i < hosts_.size(); ++i) {
    if (view_.AwaitsLook(static_cast<int>(i))) {
      hosts_[i]->monitor->RequestSample();
    }
  }
  for (net::Waiter* waiter : waiting_) waiter->Notify();
}

void ShardHosts::FollowPrimary() {
  if (reigning_ >= 0 && view_.Deposed(reigning_)) {
    HostPool* pool = hosts_[reigning_]->pool.get();
    pool->Depose(SqlError(
        sqlstate::kConnectionFailure,
        "server connection to " + pool->address().ToString() +
            " was ended: it is no longer the primary of shard " +
            options_.shard_name,
        primary() >= 0
            ? "The primary is " +
                  hosts_[primary()]->pool->address().ToString() + " now."
            : "Which host is the primary is not known yet."));
    reigning_ = -1;
    if (options_.on_deposed) options_.on_deposed();
  }
  if (primary() >= 0) reigning_ = primary();
}

std::optional<Duration> ShardHosts::Lag(int host) const {
  return view_.Lag(host, reactor_->now());
}

int ShardHosts::TryChooseStandby(Consistency consistency,
                                 SessionFreshness* session, bool* must_wait) {
  return view_.ChooseStandby(consistency, reactor_->now(), session, must_wait);
}

net::Task<int> ShardHosts::ChooseStandby(Consistency consistency,
                                         SessionFreshness* session,
                                         Interrupt* interrupt) {
  // An eventual read waits for nothing but what the catalogs were read with.
  TimePoint deadline =
      reactor_->clock()->Now() + (consistency == Consistency::kEventual
                                      ? options_.catalog_wait
                                      : options_.freshness_wait);
  net::Waiter waiter(reactor_);
  Interrupt::Scope scope(interrupt, &waiter);
  Registration registration(&waiting_, &waiter);
  for (bool first = true;; first = false) {
    bool must_wait = false;
    int host = TryChooseStandby(consistency, session, &must_wait);
    if (host >= 0 || !must_wait) co_return host;
    if (scope.raised()) co_return -1;
    TimePoint now = reactor_->clock()->Now();
    const bool unresolved =
        consistency == Consistency::kSession && session->floor.unresolved();
    if (now >= deadline) {
      if (!unresolved) view_.WaitedInVain(session->floor.lsn);
      co_return -1;
    }
    if (unresolved) {
      // Both at once: most often the standby has replayed it by then.
      for (auto& h : hosts_) h->monitor->RequestSample();
      co_await waiter.Wait(deadline);
      continue;
    }
    if (!first) {
      co_await waiter.Wait(std::min(deadline, now + kAskAgainAfter));
    }
    for (size_t i = 0; i < hosts_.size(); ++i) {
      if (static_cast<int>(i) != primary()) hosts_[i]->monitor->RequestSample();
    }
    co_await waiter.Wait(deadline);
  }
}

net::Task<StatusOr<int>> ShardHosts::AwaitPrimary(TimePoint deadline,
                                                  Interrupt* interrupt) {
  net::Waiter waiter(reactor_);
  Registration registration(&waiting_, &waiter);
  Interrupt::Scope scope(interrupt, &waiter);
  bool in_time = true;
  while (primary() < 0) {
    if (scope.raised()) co_return Interrupt::Error();
    if (!in_time) co_return NoPrimary();
    in_time = co_await waiter.Wait(deadline);
  }
  if (scope.raised()) co_return Interrupt::Error();
  co_return primary();
}

Status ShardHosts::NoPrimary() const {
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
                std::to_string(sample->timeline) + " of system " +
                std::to_string(sample->system_id);
    }
  }
  return SqlError(
      sqlstate::kCannotConnectNow,
      "shard " + options_.shard_name + " has no primary at the moment",
      detail + ".");
}

void ShardHosts::SuspectAll() {
  for (auto& host : hosts_) host->monitor->RequestSample();
}

void ShardHosts::Suspect(int host) { hosts_[host]->monitor->RequestSample(); }

}  // namespace pgbraid::pool
