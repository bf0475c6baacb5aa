#include "router/router.h"

#include <algorithm>
#include <future>
#include <utility>

namespace pgbraid::router {
namespace {

// How often the catalog threads are told which host is the primary.
constexpr Duration kTellPrimariesEvery = std::chrono::milliseconds(20);
// How long the start waits for primaries to be found.
constexpr Duration kPrimariesWait = std::chrono::seconds(1);

net::Task<void> TellPrimaries(Worker* worker,
                              std::vector<std::atomic<int>>* primaries) {
  for (;;) {
    for (size_t shard = 0; shard < primaries->size(); ++shard) {
      (*primaries)[shard].store(
          worker->shard(static_cast<int>(shard))->primary(),
          std::memory_order_relaxed);
    }
    co_await net::SleepUntil(
        worker->reactor(),
        worker->reactor()->clock()->Now() + kTellPrimariesEvery);
  }
}

}  // namespace

Router::Router(RouterOptions options, topology::ShardMap map,
               pool::Credentials credentials)
    : options_(std::move(options)),
      map_(std::make_shared<const topology::ShardMap>(std::move(map))),
      credentials_(std::move(credentials)),
      replication_(options_.max_replication_connections),
      primaries_(static_cast<size_t>(map_->shard_count())) {
  for (auto& primary : primaries_) primary = -1;
}

Router::~Router() { Stop(); }

Status Router::MakeWorkers() {
  uint64_t seed = 0;
  std::string mock_key(32, '\0');
  if (!random_.Fill(reinterpret_cast<char*>(&seed), sizeof(seed)) ||
      !random_.Fill(mock_key.data(), mock_key.size())) {
    return SqlError(sqlstate::kInternalError, "there is no randomness");
  }
  for (int i = 0; i < options_.threads; ++i) {
    PGB_ASSIGN_OR_RETURN(std::unique_ptr<net::Reactor> reactor,
                         net::Reactor::Create(&clock_));
    workers_.push_back(std::make_unique<Worker>(
        i, std::move(reactor), &options_, map_, &credentials_, &random_,
        snapshots_.get(), &replication_, seed, mock_key));
    workers_.back()->forward_cancel = [this](uint32_t process,
                                             std::string key) {
      size_t owner = static_cast<size_t>(Worker::WorkerOf(process));
      if (owner >= workers_.size()) return;
      Worker* worker = workers_[owner].get();
      worker->reactor()->Post([worker, process, key = std::move(key)] {
        worker->Cancel(process, key);
      });
    };
    workers_.back()->announce_deposed = [this, i](int shard) {
      for (auto& other : workers_) {
        if (other->index() == i) continue;
        other->reactor()->Post(
            [to = other.get(), shard] { to->shard(shard)->SuspectAll(); });
      }
    };
  }
  std::vector<ChannelHub*> hubs;
  for (auto& worker : workers_) hubs.push_back(worker->channels());
  for (ChannelHub* hub : hubs) hub->set_peers(hubs);
  return OkStatus();
}

Status Router::Start(Duration check_timeout) {
  snapshots_ = std::make_unique<SnapshotService>(
      map_, pool::CatalogServiceOptions(),
      [this](int shard, const std::string& database) {
        return CatalogSourceOf(shard, database);
      },
      [this](const std::string& database, RoutingSnapshotRef snapshot) {
        for (auto& worker : workers_) {
          worker->reactor()->Post([to = worker.get(), database, snapshot] {
            to->Publish(database, snapshot);
          });
        }
      });
  PGB_RETURN_IF_ERROR(MakeWorkers());
  for (auto& worker : workers_) {
    threads_.emplace_back([this, to = worker.get()] {
      to->Start();
      if (to->index() == 0) {
        to->reactor()->Spawn(TellPrimaries(to, &primaries_));
      }
      to->reactor()->Run();
    });
  }
  AwaitPrimaries();
  snapshots_->Start();
  PGB_RETURN_IF_ERROR(CheckMap(check_timeout));
  // Nobody is served before the map has been checked.
  return Listen();
}

Status Router::Listen() {
  std::promise<Status> done;
  workers_[0]->reactor()->Post([this, &done] {
    auto listener =
        net::Listener::Create(workers_[0]->reactor(), options_.listen,
                              [this](int fd) { Accept(fd); });
    if (listener.ok()) listener_ = *std::move(listener);
    done.set_value(listener.status());
  });
  return done.get_future().get();
}

void Router::AwaitPrimaries() const {
  // The hosts are being asked at this moment; catalogs are read from primaries.
  TimePoint deadline = clock_.Now() + kPrimariesWait;
  while (clock_.Now() < deadline) {
    bool all = true;
    for (const auto& primary : primaries_) all &= primary >= 0;
    if (all) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Status Router::CheckMap(Duration timeout) {
  bool named = !options_.database.empty();
  for (const topology::Shard& shard : map_->shards()) {
    named |= !shard.database.empty();
  }
  if (!named) return OkStatus();  // each client's own database: when it comes
  const std::string& database = options_.database;
  Status read = snapshots_->WaitForFirst(database, clock_.Now() + timeout);
  if (!read.ok()) {
    // The servers may come later than the router.
    std::fprintf(stderr, "pgbraid: catalogs are not read yet: %s\n",
                 MessageOf(read).c_str());
    return OkStatus();
  }
  std::string errors;
  for (const topology::Finding& finding : snapshots_->Findings(database)) {
    if (finding.is_error()) errors += "\n  " + finding.message;
  }
  if (errors.empty()) return OkStatus();
  return SqlError(sqlstate::kInvalidParameterValue,
                  "--tables does not fit the catalogs:" + errors);
}

std::optional<pool::CatalogSource> Router::CatalogSourceOf(
    int shard, const std::string& database) {
  int host = primaries_[shard].load(std::memory_order_relaxed);
  if (host < 0) return std::nullopt;
  const topology::HostAddress& address = map_->shards()[shard].hosts[host];
  pool::ServerLogin login = credentials_.For(options_.monitor_user);
  pool::CatalogSource source;
  source.host = address.host;
  source.port = address.port;
  source.database = database;
  source.user = login.user;
  source.password = login.password;
  if (login.tls != nullptr) source.tls = login.tls->connection_options();
  return source;
}

void Router::Accept(int fd) {
  Worker* least = workers_[0].get();
  for (auto& worker : workers_) {
    if (worker->clients() < least->clients()) least = worker.get();
  }
  least->AddClient(1);
  if (least == workers_[0].get()) {
    least->Accept(fd);
    return;
  }
  least->reactor()->Post([least, fd] { least->Accept(fd); });
}

void Router::Stop() {
  if (snapshots_ != nullptr) snapshots_->Stop();
  for (auto& worker : workers_) worker->reactor()->Stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace pgbraid::router
