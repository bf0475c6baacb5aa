#include "router/worker.h"

#include <algorithm>

#include "router/session.h"

namespace pgbraid::router {
namespace {

net::Address ToAddress(const topology::HostAddress& host) {
  return net::Address{host.host, host.port};
}

// A limit's share for one of `parts` workers; the first ones take the rest.
size_t Share(int total, int parts, int index) {
  return static_cast<size_t>(total / parts + (index < total % parts ? 1 : 0));
}

pool::ShardHostsOptions OptionsFor(const topology::Shard& shard,
                                   const RouterOptions& options,
                                   const pool::Credentials& credentials,
                                   int index) {
  pool::ShardHostsOptions made;
  made.shard_name = shard.name;
  for (const topology::HostAddress& host : shard.hosts) {
    pool::HostPoolOptions pool;
    pool.address = ToAddress(host);
    pool.limit = Share(options.pool_size, options.threads, index);
    pool.connect_timeout = options.connect_timeout;
    pool.checkout_timeout = options.checkout_timeout;
    made.hosts.push_back(std::move(pool));
  }
  made.monitor.database =
      shard.database.empty() ? options.monitor_database : shard.database;
  made.monitor.login = credentials.For(options.monitor_user);
  made.monitor.poll_interval = options.monitor_interval;
  made.max_replica_lag = options.max_replica_lag;
  made.freshness_wait = options.freshness_wait;
  made.catalog_wait = options.catalog_wait;
  return made;
}

bool ChangesLogins(const RoutingSnapshot& before, const RoutingSnapshot& now) {
  for (size_t shard = 0; shard < now.catalogs.size(); ++shard) {
    const sql::Catalog* was = before.catalogs[shard].get();
    const sql::Catalog* is = now.catalogs[shard].get();
    if (was != nullptr && is != nullptr &&
        was->role_settings() != is->role_settings()) {
      return true;
    }
  }
  return false;
}

}  // namespace

Worker::Worker(int index, std::unique_ptr<net::Reactor> reactor,
               const RouterOptions* options,
               std::shared_ptr<const topology::ShardMap> map,
               const pool::Credentials* credentials, wire::RandomSource* random,
               SnapshotSource* snapshots, ConnectionBudget* replication,
               uint64_t seed, std::string mock_key)
    : index_(index),
      reactor_(std::move(reactor)),
      options_(options),
      map_(std::move(map)),
      credentials_(credentials),
      random_(random),
      snapshots_(snapshots),
      replication_(replication),
      mock_key_(std::move(mock_key)),
      login_secrets_(&credentials->clients(), mock_key_),
      channels_(index, reactor_.get(),
                [this](const std::string& database,
                       SharedListener::Audience* audience) {
                  return MakeSharedListener(database, audience);
                }),
      recognizer_(options, seed) {
  for (const topology::Shard& shard : map_->shards()) {
    pool::ShardHostsOptions made =
        OptionsFor(shard, *options_, *credentials_, index_);
    made.on_deposed = [this, number = static_cast<int>(shards_.size())] {
      if (announce_deposed) announce_deposed(number);
    };
    shards_.push_back(std::make_unique<pool::ShardHosts>(
        reactor_.get(), std::move(made), credentials_, &tables_, random_));
  }
}

Worker::~Worker() = default;

std::unique_ptr<SharedListener> Worker::MakeSharedListener(
    const std::string& database, SharedListener::Audience* audience) {
  auto make = [&](int number,
                  std::function<void(const wire::Notification&)> on_heard,
                  std::function<void(Status)> on_lost) {
    const topology::Shard& shard = map_->shards()[number];
    pool::ChannelListenerOptions made;
    made.shard_name = shard.name;
    made.database = shard.database.empty() ? database : shard.database;
    made.login = credentials_->For(options_->monitor_user);
    made.connect_timeout = options_->checkout_timeout;
    return std::make_unique<pool::ChannelListener>(
        reactor_.get(), shards_[number].get(), std::move(made), &tables_,
        random_, std::move(on_heard), std::move(on_lost));
  };
  return std::make_unique<SharedListener>(database, map_->shard_count(), make,
                                          audience);
}

void Worker::Start() {
  for (auto& shard : shards_) shard->Start();
}

ClientIdentity* Worker::IdentityFor(const std::string& user,
                                    const std::string& database) {
  auto& identity = identities_[{user, database}];
  if (identity == nullptr) {
    identity = std::make_unique<ClientIdentity>();
    identity->user = user;
    identity->database = database;
    identity->server_user = credentials_->For(user).user;
    identity->marks = snapshots_->Marks(database);
    identity->changes = snapshots_->Changes(database);
    RoutingSnapshotRef& known = known_snapshots_[database];
    if (known == nullptr) {
      known = snapshots_->Current(database);
      TakeIn(*known);
    }
    identity->snapshot = &known;
    for (const topology::Shard& shard : map_->shards()) {
      identity->servers.push_back(
          std::make_unique<pool::Identity>(pool::Identity{
              user, shard.database.empty() ? database : shard.database}));
    }
  }
  return identity.get();
}

void Worker::RenewLogins() {
  for (auto& shard : shards_) {
    for (size_t host = 0; host < shard->size(); ++host) {
      shard->pool(static_cast<int>(host))->Renew();
    }
  }
  for (auto& [who, identity] : identities_) identity->reported.clear();
}

void Worker::TakeIn(const RoutingSnapshot& snapshot) {
  for (size_t shard = 0; shard < shards_.size(); ++shard) {
    shards_[shard]->RequireShown(snapshot.shown_by[shard]);
  }
}

void Worker::Publish(const std::string& database, RoutingSnapshotRef snapshot) {
  RoutingSnapshotRef& known = known_snapshots_[database];
  if (known == nullptr || known->epoch < snapshot->epoch) {
    bool renew = known != nullptr && ChangesLogins(*known, *snapshot);
    known = std::move(snapshot);
    TakeIn(*known);
    if (renew) RenewLogins();
  }
  for (net::Waiter* waiter : awaiting_snapshot_) waiter->Notify();
}

net::Task<bool> Worker::AwaitCovered(std::string database, uint64_t mark,
                                     TimePoint deadline,
                                     pool::Interrupt* interrupt) {
  net::Waiter waiter(reactor_.get());
  pool::Interrupt::Scope scope(interrupt, &waiter);
  awaiting_snapshot_.push_back(&waiter);
  const auto covered = [&] {
    return known_snapshots_[database]->covers >= mark;
  };
  while (!covered()) {
    bool notified = co_await waiter.Wait(deadline);
    if (!notified || scope.raised()) break;
  }
  std::erase(awaiting_snapshot_, &waiter);
  co_return covered();
}

void Worker::Accept(int fd) { reactor_->Spawn(Session::Run(this, fd)); }

uint32_t Worker::Register(Session* session, std::string* key) {
  uint32_t process = 0;
  do {
    last_session_ = (last_session_ + 1) & ((1u << kCounterBits) - 1);
    process =
        (static_cast<uint32_t>(index_ + 1) << kCounterBits) | last_session_;
  } while (sessions_.contains(process));
  key->resize(4);
  if (!random_->Fill(key->data(), key->size())) key->clear();
  sessions_[process] = Registered{session, *key};
  return process;
}

void Worker::Unregister(uint32_t process) { sessions_.erase(process); }

void Worker::Cancel(uint32_t process, const std::string& key) {
  auto found = sessions_.find(process);
  if (found == sessions_.end() || found->second.key.empty() ||
      found->second.key != key) {
    return;
  }
  found->second.session->Cancel();
}

}  // namespace pgbraid::router
