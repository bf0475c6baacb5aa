// Asks one host, again and again, what it is and how far it has got: its role,
// timeline, incarnation and WAL position. Each reactor has its own, so that the
// answers need no locks.
//
// A sample is taken every poll interval and whenever somebody asks for one; who
// asks while one is under way shares the next. Belongs to one reactor, which it
// must not outlive; runs until the reactor ends.
#ifndef PGBRAID_POOL_HOST_MONITOR_H_
#define PGBRAID_POOL_HOST_MONITOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "net/reactor.h"
#include "pool/credentials.h"
#include "pool/freshness.h"
#include "pool/server_connection.h"

namespace pgbraid::pool {

struct HostMonitorOptions {
  net::Address address;
  std::string database;  // where to log in
  ServerLogin login;     // needs pg_monitor to see a standby's timeline
  Duration poll_interval = std::chrono::milliseconds(200);
  Duration timeout = std::chrono::seconds(1);  // for a login or one answer
};

class HostMonitor {
 public:
  // `on_change` is called after each sample and when the host is lost.
  HostMonitor(net::Reactor* reactor, HostMonitorOptions options,
              ReactorTables* tables, wire::RandomSource* random,
              std::function<void()> on_change);

  // Starts the loop.
  void Start();

  // The newest sample while the host answers; nothing while it does not, or has
  // not yet.
  const std::optional<HostSample>& sample() const { return sample_; }
  // Why there is no sample; OK while there is one.
  const Status& error() const { return error_; }
  const net::Address& address() const { return options_.address; }
  // It has answered, or failed to, at least once.
  bool asked() const { return asked_; }

  // Takes a sample that begins after this call, as soon as possible.
  void RequestSample();

  // Bytes of a WAL segment on this host; 16 MiB until known.
  uint64_t wal_segment_bytes() const { return wal_segment_bytes_; }

 private:
  net::Task<void> Loop();
  net::Task<Status> Connect();
  net::Task<Status> TakeSample();
  void Lost(Status error);

  net::Reactor* const reactor_;
  const HostMonitorOptions options_;
  ReactorTables* const tables_;
  wire::RandomSource* const random_;
  const std::function<void()> on_change_;

  std::unique_ptr<ServerConnection> connection_;
  net::Waiter wake_;
  bool requested_ = false;
  bool asked_ = false;
  std::optional<HostSample> sample_;
  Status error_;
  uint64_t system_id_ = 0;
  uint32_t past_timeline_ = 0;
  uint64_t wal_segment_bytes_ = 16 * 1024 * 1024;
  // A standby's timeline once seen holds for this incarnation, also while its
  // receiver is not connected.
  uint32_t received_timeline_ = 0;
  int64_t received_incarnation_ = 0;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_HOST_MONITOR_H_
