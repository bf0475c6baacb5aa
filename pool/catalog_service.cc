#include "pool/catalog_service.h"

#include <utility>

#include "base/check.h"

namespace pgbraid::pool {

CatalogService::CatalogService(int shard_count, CatalogServiceOptions options,
                               CatalogSourceFor source_for,
                               PublishCatalog publish)
    : options_(std::move(options)) {
  for (int shard = 0; shard < shard_count; ++shard) {
    watchers_.push_back(std::make_unique<CatalogWatcher>(
        shard, options_, source_for, publish, &next_epoch_));
  }
}

CatalogService::~CatalogService() { Stop(); }

void CatalogService::Start() {
  for (const auto& watcher : watchers_) watcher->Start();
}

void CatalogService::Stop() {
  for (const auto& watcher : watchers_) watcher->RequestStop();
  for (const auto& watcher : watchers_) watcher->Join();
}

Status CatalogService::Want(int shard, const std::string& database) {
  return Watcher(shard).Want(database);
}

uint64_t CatalogService::MarkStale(int shard, const std::string& database) {
  const uint64_t mark = next_mark_++;
  return Watcher(shard).MarkStale(database, mark).ok() ? mark : 0;
}

std::shared_ptr<const sql::Catalog> CatalogService::Current(
    int shard, const std::string& database) const {
  std::optional<LoadedCatalog> loaded = CurrentLoaded(shard, database);
  return loaded.has_value() ? std::move(loaded->catalog) : nullptr;
}

std::optional<LoadedCatalog> CatalogService::CurrentLoaded(
    int shard, const std::string& database) const {
  return Watcher(shard).Current(database);
}

Status CatalogService::LastError(int shard, const std::string& database) const {
  return Watcher(shard).LastError(database);
}

Status CatalogService::WaitForFirst(TimePoint deadline) const {
  for (const auto& watcher : watchers_) {
    PGB_RETURN_IF_ERROR(watcher->WaitForFirst(deadline));
  }
  return OkStatus();
}

CatalogWatcher& CatalogService::Watcher(int shard) const {
  PGB_CHECK(shard >= 0 && static_cast<size_t>(shard) < watchers_.size());
  return *watchers_[shard];
}

}  // namespace pgbraid::pool
