#include "router/snapshot_service.h"

#include <cstdio>
#include <utility>

#include "pool/map_check_input.h"
#include "topology/map_check.h"

namespace pgbraid::router {

SnapshotService::SnapshotService(std::shared_ptr<const topology::ShardMap> map,
                                 pool::CatalogServiceOptions options,
                                 pool::CatalogSourceFor source_for,
                                 OnSnapshot on_snapshot)
    : map_(std::move(map)),
      on_snapshot_(std::move(on_snapshot)),
      catalogs_(
          map_->shard_count(), std::move(options), std::move(source_for),
          [this](const pool::CatalogUpdate& update) { OnUpdate(update); }) {}

SnapshotService::~SnapshotService() { Stop(); }

void SnapshotService::Start() { catalogs_.Start(); }

void SnapshotService::Stop() { catalogs_.Stop(); }

std::string SnapshotService::ServerDatabase(int shard,
                                            const std::string& database) const {
  const std::string& own = map_->shards()[shard].database;
  return own.empty() ? database : own;
}

SnapshotService::Database& SnapshotService::Find(const std::string& name) {
  std::unique_ptr<Database>& database = databases_[name];
  if (database == nullptr) {
    database = std::make_unique<Database>();
    size_t shards = static_cast<size_t>(map_->shard_count());
    database->answered.assign(shards, 0);
    Rebuild(name, database.get());
    for (int shard = 0; shard < map_->shard_count(); ++shard) {
      // Past the limit of databases nothing is proven of this one: everything
      // goes to the primary.
      catalogs_.Want(shard, ServerDatabase(shard, name)).IgnoreError();
    }
  }
  return *database;
}

RoutingSnapshotRef SnapshotService::Current(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  return Find(name).snapshot;
}

std::atomic<uint64_t>* SnapshotService::Changes(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  return &Find(name).changes;
}

const std::atomic<uint64_t>* SnapshotService::Marks(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  return &Find(name).marks;
}

void SnapshotService::MarkStale(const std::string& name, int shard) {
  absl::MutexLock lock(&mutex_);
  Database& database = Find(name);
  database.changes.fetch_add(1, std::memory_order_acq_rel);
  uint64_t mark = catalogs_.MarkStale(shard, ServerDatabase(shard, name));
  if (mark == 0 || mark <= database.answered[shard]) return;
  const uint64_t number =
      1 + database.marks.fetch_add(1, std::memory_order_acq_rel);
  database.pending.push_back({number, shard, mark});
}

void SnapshotService::OnUpdate(const pool::CatalogUpdate& update) {
  std::vector<std::pair<std::string, RoutingSnapshotRef>> made;
  {
    absl::MutexLock lock(&mutex_);
    for (auto& [name, database] : databases_) {
      if (ServerDatabase(update.shard, name) != update.database) continue;
      database->answered[update.shard] =
          std::max(database->answered[update.shard], update.answers);
      RoutingSnapshotRef before = database->snapshot;
      Rebuild(name, database.get());
      if (before->catalogs[update.shard] !=
          database->snapshot->catalogs[update.shard]) {
        database->changes.fetch_add(1, std::memory_order_acq_rel);
      }
      made.emplace_back(name, database->snapshot);
    }
  }
  for (auto& [name, snapshot] : made) on_snapshot_(name, std::move(snapshot));
}

void SnapshotService::Rebuild(const std::string& name, Database* database) {
  std::vector<pool::LoadedCatalog> loaded;
  auto snapshot = std::make_shared<RoutingSnapshot>();
  snapshot->epoch = ++last_epoch_;
  snapshot->map = map_;
  bool all = true;
  for (int shard = 0; shard < map_->shard_count(); ++shard) {
    auto current = catalogs_.CurrentLoaded(shard, ServerDatabase(shard, name));
    snapshot->catalogs.push_back(current ? current->catalog : nullptr);
    snapshot->shown_by.push_back(current ? current->shown_by
                                         : pool::FreshnessFloor());
    all &= current.has_value();
    loaded.push_back(current ? *std::move(current) : pool::LoadedCatalog());
  }
  auto& pending = database->pending;
  while (!pending.empty() &&
         database->answered[pending.front().shard] >= pending.front().mark) {
    pending.pop_front();
  }
  if (all) {
    snapshot->covers = pending.empty()
                           ? database->marks.load(std::memory_order_acquire)
                           : pending.front().number - 1;
    topology::MapCheck check =
        topology::CheckMap(*map_, pool::MapCheckInput(*map_, loaded));
    auto bound = map_->Bind(check.keys, snapshot->epoch);
    if (bound.ok()) {
      snapshot->map =
          std::make_shared<const topology::ShardMap>(*std::move(bound));
    } else {
      check.findings.push_back(
          {topology::Finding::Severity::kError, MessageOf(bound.status())});
    }
    for (const topology::Finding& finding : check.findings) {
      bool known = false;
      for (const topology::Finding& old : database->findings) {
        known |= old.message == finding.message;
      }
      if (!known) {
        std::fprintf(stderr, "pgbraid: shard map: %s: %s\n",
                     finding.is_error() ? "error" : "warning",
                     finding.message.c_str());
      }
    }
    database->findings = std::move(check.findings);
  }
  database->snapshot = std::move(snapshot);
}

std::vector<topology::Finding> SnapshotService::Findings(
    const std::string& name) {
  absl::MutexLock lock(&mutex_);
  return Find(name).findings;
}

Status SnapshotService::WaitForFirst(const std::string& name,
                                     TimePoint deadline) {
  Current(name);
  return catalogs_.WaitForFirst(deadline);
}

}  // namespace pgbraid::router
