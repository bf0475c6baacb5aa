// The hosts of one shard as one reactor sees them: which is the primary, which
// standbys may serve a read, and a pool of connections to each.
//
// Roles are found out by asking: the primary is the host that is not in
// recovery, on the newest timeline of those. Belongs to one reactor.
#ifndef PGBRAID_POOL_SHARD_HOSTS_H_
#define PGBRAID_POOL_SHARD_HOSTS_H_

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "pool/freshness.h"
#include "pool/host_monitor.h"
#include "pool/host_pool.h"

namespace pgbraid::pool {

// How fresh a read must be.
enum class Consistency : uint8_t {
  kEventual,  // any standby within the lag allowed
  kSession,   // a session reads its own writes, and never goes back in time
  kStrong,    // always the primary
};

// What a session remembers of a shard.
struct SessionFreshness {
  FreshnessFloor floor;
  // The standby that served its last read, and that standby's life; -1: none.
  int host = -1;
  int64_t incarnation = 0;

  // The session's last read or write here ran on the primary, and is over.
  void SeenOnPrimary(TimePoint now) {
    floor.SeenOnPrimary(now);
    host = -1;
  }
};

struct ShardHostsOptions {
  std::string shard_name;
  std::vector<HostPoolOptions> hosts;
  HostMonitorOptions monitor;  // its address is each host's
  Duration max_replica_lag = std::chrono::seconds(1);
  // How long a read waits for a standby to catch up before it takes the
  // primary.
  Duration freshness_wait = std::chrono::milliseconds(10);
};

class ShardHosts {
 public:
  ShardHosts(net::Reactor* reactor, ShardHostsOptions options,
             const Credentials* credentials, ReactorTables* tables,
             wire::RandomSource* random);

  // Starts asking the hosts.
  void Start();

  // The primary's number, or -1 while none is known.
  int primary() const { return primary_; }
  size_t size() const { return hosts_.size(); }
  HostPool* pool(int host) { return hosts_[host]->pool.get(); }
  const net::Address& address(int host) const {
    return hosts_[host]->pool->address();
  }
  const HostMonitor& monitor(int host) const { return *hosts_[host]->monitor; }

  // Waits until a primary is known. Error 57P03, naming what each host said, if
  // none is by `deadline`.
  net::Task<StatusOr<int>> AwaitPrimary(TimePoint deadline);

  // A standby that may serve the session's next read now, without waiting, or
  // -1. `*must_wait` tells whether a sample or some replay could change that.
  int TryChooseStandby(Consistency consistency, SessionFreshness* session,
                       bool* must_wait);

  // The same with a bounded wait for samples and replay. -1: the primary has to
  // serve it.
  net::Task<int> ChooseStandby(Consistency consistency,
                               SessionFreshness* session);

  // A connection to this host broke, or it answered as another role than
  // expected: asks it again at once.
  void Suspect(int host);

  // The life of the host's server, as last sampled; 0 if not known.
  int64_t incarnation(int host) const;

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
  struct FlushPoint {
    TimePoint at;
    Lsn lsn;
  };

  void OnSample();
  void NoteFlush();
  int FindPrimary() const;
  bool Serves(int host, Consistency consistency,
              const SessionFreshness& session) const;
  // Whether the standby has replayed a flush position that is young enough.
  bool WithinLag(const HostSample& standby) const;
  void NotifyChange();

  net::Reactor* const reactor_;
  const ShardHostsOptions options_;
  std::vector<std::unique_ptr<Host>> hosts_;
  int primary_ = -1;
  // The timeline and system of the last primary known.
  uint32_t timeline_ = 0;
  uint64_t system_id_ = 0;
  std::deque<FlushPoint> flushed_;  // oldest first, of timeline_
  size_t next_standby_ = 0;         // round robin for sessions without one
  std::vector<net::Waiter*> waiting_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_SHARD_HOSTS_H_
