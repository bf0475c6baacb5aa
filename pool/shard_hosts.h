// The hosts of one shard as one reactor sees them: a monitor and a pool of
// connections for each, and what the monitors' looks add up to (shard_view.h).
// When a primary is deposed, whoever holds a connection to it loses it: what is
// committed there from then on would be lost with its timeline.
// Belongs to one reactor.
#ifndef PGBRAID_POOL_SHARD_HOSTS_H_
#define PGBRAID_POOL_SHARD_HOSTS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "pool/freshness.h"
#include "pool/host_monitor.h"
#include "pool/host_pool.h"
#include "pool/interrupt.h"
#include "pool/shard_view.h"

namespace pgbraid::pool {

struct ShardHostsOptions {
  std::string shard_name;
  std::vector<HostPoolOptions> hosts;
  HostMonitorOptions monitor;  // its address is each host's
  Duration max_replica_lag = std::chrono::seconds(1);
  // How long a read waits for a standby to catch up before it takes the
  // primary.
  Duration freshness_wait = std::chrono::milliseconds(10);
  // How long an eventual read waits for a standby to show the catalogs.
  Duration catalog_wait = std::chrono::seconds(1);
  // Called once the primary is seen to be deposed; may be empty.
  std::function<void()> on_deposed = nullptr;
};

class ShardHosts {
 public:
  ShardHosts(net::Reactor* reactor, ShardHostsOptions options,
             const Credentials* credentials, ReactorTables* tables,
             wire::RandomSource* random);

  // Starts asking the hosts.
  void Start();

  // The primary's number, or -1 while none is known.
  int primary() const { return view_.primary(); }
  // Whether `host` is the primary, or was when last heard of and has not been
  // replaced since.
  bool Reigns(int host) const { return host == reigning_; }
  size_t size() const { return hosts_.size(); }
  HostPool* pool(int host) { return hosts_[host]->pool.get(); }
  const net::Address& address(int host) const {
    return hosts_[host]->pool->address();
  }
  const HostMonitor& monitor(int host) const { return *hosts_[host]->monitor; }

  // Waits until a primary is known. Error 57P03, naming what each host said, if
  // none is by `deadline`; 57014 once `interrupt` (may be null) is raised.
  net::Task<StatusOr<int>> AwaitPrimary(TimePoint deadline,
                                        Interrupt* interrupt);

  // Notifies `waiter` after every look at a host, until Unwatch().
  void Watch(net::Waiter* waiter) { waiting_.push_back(waiter); }
  void Unwatch(net::Waiter* waiter) { std::erase(waiting_, waiter); }

  // See ShardView.
  void RequireShown(const FreshnessFloor& catalogs) {
    view_.RequireShown(catalogs);
  }

  // A standby that may serve the session's next read now, without waiting, or
  // -1. `*must_wait` tells whether a sample or some replay could change that.
  int TryChooseStandby(Consistency consistency, SessionFreshness* session,
                       bool* must_wait);

  // The same with a bounded wait for samples and replay. -1: the primary has to
  // serve it, or `interrupt` (may be null) was raised.
  net::Task<int> ChooseStandby(Consistency consistency,
                               SessionFreshness* session, Interrupt* interrupt);

  // A connection to this host broke, or it answered as another role than
  // expected: asks it again at once.
  void Suspect(int host);
  // Another reactor has seen a primary deposed: asks all hosts at once.
  void SuspectAll();

  // The life of the host's server, as last sampled; 0 if not known.
  int64_t incarnation(int host) const { return view_.incarnation(host); }

  // How far a standby lags, as the age of the newest flush position of the
  // primary that it has replayed; nothing if that is not known.
  std::optional<Duration> Lag(int host) const;

 private:
  struct Host {
    std::unique_ptr<HostPool> pool;
    std::unique_ptr<HostMonitor> monitor;
    int64_t known_incarnation = 0;
    bool known_in_recovery = false;
  };
  void OnSample(int host);
  // Ends what the last primary's connections are used for, once it is deposed.
  void FollowPrimary();
  Status NoPrimary() const;

  net::Reactor* const reactor_;
  const ShardHostsOptions options_;
  std::vector<std::unique_ptr<Host>> hosts_;
  ShardView view_;
  int reigning_ = -1;  // the last primary, until it is deposed
  std::vector<net::Waiter*> waiting_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_SHARD_HOSTS_H_
