// One connection to a shard's primary that does nothing but listen, for any
// number of sessions: the server's half of LISTEN in transaction pooling.
//
// It is open while somebody wants it. Its end is never repaired in silence:
// notifications may have been missed, so whoever relies on it is told.
// Belongs to one reactor and runs until that ends; what it calls is called on
// its thread, never from within a call to it.
#ifndef PGBRAID_POOL_CHANNEL_LISTENER_H_
#define PGBRAID_POOL_CHANNEL_LISTENER_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "net/reactor.h"
#include "pool/credentials.h"
#include "pool/server_connection.h"
#include "pool/shard_hosts.h"
#include "wire/backend.h"

namespace pgbraid::pool {

struct ChannelListenerOptions {
  std::string shard_name;
  std::string database;
  ServerLogin login;
  // For finding the primary, connecting and logging in.
  Duration connect_timeout = std::chrono::seconds(5);
  // How long a connection that nobody wants any more is kept.
  Duration linger = std::chrono::seconds(10);
};

class ChannelListener {
 public:
  // All pointers outlive it. `on_lost` is called when the connection could not
  // be made, broke, or is to a server that is not the primary any more; nobody
  // wants it then until SetWanted() says so again.
  ChannelListener(net::Reactor* reactor, ShardHosts* hosts,
                  ChannelListenerOptions options, ReactorTables* tables,
                  wire::RandomSource* random,
                  std::function<void(const wire::Notification&)> on_heard,
                  std::function<void(Status)> on_lost);

  void Start();

  // Whether somebody listens. From true to false the connection stays open for
  // a while.
  void SetWanted(bool wanted);

  // Runs `sql` (one statement that cannot fail) after what was asked before,
  // once there is a connection. `done` is called when the server has answered,
  // after all notifications that it sent before; never if the connection is
  // lost first.
  void Run(std::string sql, std::function<void()> done);

  // Gives up the connection and what was asked, without calling on_lost.
  void Reset();

 private:
  struct Command {
    std::string sql;
    std::function<void()> done;
  };

  net::Task<void> Loop();
  net::Task<Status> Connect();
  net::Task<Status> Serve();
  // Takes in what has arrived. OK as long as the connection is fine.
  Status TakeIn();
  Status Handle(char type, std::string_view body);
  void SendCommands();
  // OK as long as the connection is to the primary, as far as is known.
  Status CheckPrimary() const;

  net::Reactor* const reactor_;
  ShardHosts* const hosts_;
  const ChannelListenerOptions options_;
  ReactorTables* const tables_;
  wire::RandomSource* const random_;
  const std::function<void(const wire::Notification&)> on_heard_;
  const std::function<void(Status)> on_lost_;

  net::Waiter wake_;
  bool wanted_ = false;
  bool reset_ = false;
  int host_ = -1;  // that connection_ is to, once it may be used
  std::unique_ptr<ServerConnection> connection_;
  std::deque<Command> commands_;  // the first `sent_` of them were sent
  size_t sent_ = 0;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_CHANNEL_LISTENER_H_
