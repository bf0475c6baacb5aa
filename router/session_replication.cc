// Replication connections: a connection of the client's own to the primary of
// one shard, over which bytes go both ways as they come.
//
// The router reads nothing of what is said there but where messages end, so
// that it can put in an error of its own when the primary is deposed.

#include <algorithm>
#include <utility>

#include "router/own_settings.h"
#include "router/session.h"
#include "wire/frame_tracker.h"
#include "wire/startup_settings.h"

namespace pgbraid::router {
namespace {

// The other side has this long to end after one has.
constexpr Duration kGraceAfterEnd = std::chrono::milliseconds(100);

}  // namespace

StatusOr<int> Session::ReplicatedShard(std::string_view name) const {
  const auto& shards = worker_->map().shards();
  std::string names;
  for (size_t i = 0; i < shards.size(); ++i) {
    if (shards[i].name == name) return static_cast<int>(i);
    if (!names.empty()) names += ", ";
    names += shards[i].name;
  }
  if (name.empty() && shards.size() == 1) return 0;
  std::string hint =
      "Connect with options='-c pgbraid.shard=" + shards.front().name +
      "'; the shards are " + names + ".";
  if (name.empty()) {
    return SqlError(sqlstate::kFeatureNotSupported,
                    "a replication connection is to one shard, and none is "
                    "named",
                    {}, hint);
  }
  return SqlError(sqlstate::kInvalidParameterValue,
                  "there is no shard \"" + std::string(name) + "\"", {}, hint);
}

net::Task<Status> Session::BeginReplication(wire::StartupPacket packet,
                                            wire::Replication kind) {
  auto settings = wire::StartupSettings(packet);
  if (!settings.ok()) co_return settings.status();
  pool::DedicatedTarget target;
  target.replication = true;
  target.startup.emplace_back(
      "replication", kind == wire::Replication::kLogical ? "database" : "true");
  std::string named;
  for (wire::Setting& setting : *settings) {
    if (setting.name == kShardSetting) {
      named = setting.value;
    } else if (setting.name != kConsistencySetting) {
      target.startup.emplace_back(std::move(setting.name),
                                  std::move(setting.value));
    }
  }
  StatusOr<int> shard = ReplicatedShard(named);
  if (!shard.ok()) co_return shard.status();
  replication_ = worker_->replication()->TryTake();
  if (!replication_) {
    co_return SqlError(
        sqlstate::kTooManyConnections, "too many replication connections",
        "There may be " + std::to_string(worker_->replication()->limit()) + ".",
        "Raise --max_replication_connections.");
  }
  const std::string& database = worker_->map().shards()[*shard].database;
  target.database =
      database.empty() ? std::string(packet.database()) : database;
  target.login = worker_->credentials().For(std::string(packet.user()));
  TimePoint deadline =
      worker_->reactor()->now() + worker_->options().checkout_timeout;
  pool::ShardHosts* hosts = worker_->shard(*shard);
  client_.Keep();
  auto primary = co_await hosts->AwaitPrimary(deadline, nullptr);
  if (!primary.ok()) co_return primary.status();
  auto lease = co_await hosts->pool(*primary)->OpenDedicated(std::move(target),
                                                             deadline);
  if (!lease.ok()) {
    hosts->Suspect(*primary);
    co_return lease.status();
  }
  held_.lease = *std::move(lease);
  held_.shard = *shard;
  held_.host = *primary;
  if (!hosts->Reigns(*primary)) co_return held_->LossError("it was deposed");
  co_return OkStatus();
}

net::Task<void> Session::RelayReplication() {
  pool::ServerConnection* server = held_.lease.get();
  // Whether it works on something is not followed: it is cancelled in any case
  // when it is closed, or when the client asks for that.
  server->busy = true;
  interrupt_.Begin();
  server->stream->Attach(client_.waiter());
  wire::FrameTracker answers;
  answers.Feed(server->partial);
  client_.Send(server->partial);
  server->partial.clear();
  TimePoint end = TimePoint::max();
  for (;;) {
    while (server->stream->unsent_bytes() <= Client::kHighWatermark &&
           (!client_.input().empty() || client_.Fill())) {
      server->stream->Send(client_.input());
      client_.Consume(client_.input().size());
    }
    if (client_.broken()) co_return;
    if (client_.at_end() && end == TimePoint::max()) {
      end = worker_->reactor()->now() + kGraceAfterEnd;
    }
    net::Stream::State state = net::Stream::State::kPending;
    while (!client_.congested()) {
      if (!client_.input().empty()) client_.Keep();
      net::Stream::Received received = server->stream->Receive();
      state = received.state;
      if (state != net::Stream::State::kData) break;
      answers.Feed(received.data);
      client_.Send(received.data);
    }
    if (state == net::Stream::State::kEof) {
      // It has said goodbye already.
      server->busy = false;
      co_return;
    }
    if (state == net::Stream::State::kBroken) {
      if (answers.at_boundary()) Fatal(server->LossError());
      co_return;
    }
    client_.Keep();
    bool notified = co_await client_.waiter()->Wait(end);
    if (!notified) co_return;
  }
}

}  // namespace pgbraid::router
