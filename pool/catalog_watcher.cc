#include "pool/catalog_watcher.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace pgbraid::pool {
namespace {

// The pause after a look that found nothing, as a multiple of its time.
constexpr int kPauseFactor = 20;

TimePoint Now() { return std::chrono::steady_clock::now(); }

Status NotReadYet() {
  return SqlError(sqlstate::kCannotConnectNow,
                  "the catalogs have not been read yet");
}

}  // namespace

// One database. What does not say otherwise is guarded by mutex_.
struct CatalogWatcher::Entry {
  std::string database;  // constant
  std::optional<LoadedCatalog> current;
  Status error = NotReadYet();
  bool published = false;
  bool failing = false;
  uint64_t wanted_mark = 0;  // highest mark given
  uint64_t answered_mark = 0;
  TimePoint due;       // of the next look
  TimePoint earliest;  // not even a mark makes it due before

  // The watcher's thread alone.
  std::unique_ptr<CatalogConnection> connection;
  std::string commit_state;  // of `found`; empty: unknown
  std::optional<LoadedCatalog> found;
  // Nothing has been read over this connection yet: it may be to another
  // primary, whose log goes on elsewhere.
  bool reconnected = false;
  Duration retry{};
  bool has_logged = false;
};

CatalogWatcher::CatalogWatcher(int shard, const CatalogServiceOptions& options,
                               CatalogSourceFor source_for,
                               PublishCatalog publish,
                               std::atomic<uint64_t>* next_epoch)
    : shard_(shard),
      options_(options),
      source_for_(std::move(source_for)),
      publish_(std::move(publish)),
      next_epoch_(next_epoch) {}

CatalogWatcher::~CatalogWatcher() {
  RequestStop();
  Join();
}

void CatalogWatcher::Start() {
  thread_ = std::thread([this] { Run(); });
}

void CatalogWatcher::RequestStop() {
  stopping_ = true;
  std::lock_guard<std::mutex> lock(mutex_);
  changed_.notify_all();
}

void CatalogWatcher::Join() {
  if (thread_.joinable()) thread_.join();
}

Status CatalogWatcher::Want(const std::string& database) {
  return MarkStale(database, 0);
}

Status CatalogWatcher::MarkStale(const std::string& database, uint64_t mark) {
  std::lock_guard<std::mutex> lock(mutex_);
  const std::shared_ptr<Entry> entry = FindOrAdd(database);
  if (entry == nullptr) {
    return SqlError(sqlstate::kConfigurationLimit,
                    "too many databases to keep the catalogs of",
                    "The limit is " + std::to_string(options_.max_databases) +
                        " databases of one shard.");
  }
  if (mark <= entry->wanted_mark) return OkStatus();
  entry->wanted_mark = mark;
  // A server that fails is left to its retries.
  if (!entry->failing) entry->due = std::min(entry->due, entry->earliest);
  changed_.notify_all();
  return OkStatus();
}

std::shared_ptr<CatalogWatcher::Entry> CatalogWatcher::FindOrAdd(
    const std::string& database) {
  const auto found = entries_.find(database);
  if (found != entries_.end()) return found->second;
  if (entries_.size() >= static_cast<size_t>(options_.max_databases)) {
    const auto unread =
        std::find_if(entries_.begin(), entries_.end(), [](const auto& each) {
          return each.second->failing && !each.second->current.has_value();
        });
    if (unread == entries_.end()) return nullptr;
    entries_.erase(unread);
  }
  auto entry = std::make_shared<Entry>();
  entry->database = database;
  entry->retry = options_.first_retry;
  entry->due = Now();
  entries_.emplace(database, entry);
  changed_.notify_all();
  return entry;
}

std::optional<LoadedCatalog> CatalogWatcher::Current(
    const std::string& database) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = entries_.find(database);
  return found == entries_.end() ? std::nullopt : found->second->current;
}

Status CatalogWatcher::LastError(const std::string& database) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = entries_.find(database);
  return found == entries_.end() ? NotReadYet() : found->second->error;
}

Status CatalogWatcher::WaitForFirst(TimePoint deadline) const {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    const Entry* missing = nullptr;
    for (const auto& [database, entry] : entries_) {
      if (!entry->published) missing = entry.get();
    }
    if (missing == nullptr) return OkStatus();
    if (Now() >= deadline || stopping_) {
      return SqlError(SqlStateOf(missing->error),
                      "no catalogs of database \"" + missing->database +
                          "\" on shard " + std::to_string(shard_) + ": " +
                          MessageOf(missing->error));
    }
    changed_.wait_until(lock, deadline);
  }
}

void CatalogWatcher::Run() {
  while (const std::shared_ptr<Entry> entry = NextDue()) Refresh(*entry);
}

std::shared_ptr<CatalogWatcher::Entry> CatalogWatcher::NextDue() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    const auto first = std::min_element(entries_.begin(), entries_.end(),
                                        [](const auto& a, const auto& b) {
                                          return a.second->due < b.second->due;
                                        });
    if (first == entries_.end()) {
      changed_.wait(lock);
      continue;
    }
    const TimePoint due = first->second->due;
    if (due <= Now()) return first->second;
    changed_.wait_until(lock, due);
  }
  return nullptr;
}

void CatalogWatcher::Refresh(Entry& entry) {
  uint64_t mark = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    mark = entry.wanted_mark;
  }
  const TimePoint begun = Now();
  const StatusOr<Outcome> outcome = Look(entry, mark > entry.answered_mark);
  if (stopping_) return;  // what went wrong may well be our doing
  const TimePoint ended = Now();
  const Duration took = ended - begun;

  const bool again_soon = !outcome.ok() || !entry.found->complete;
  bool is_new = outcome.ok() && *outcome == Outcome::kReadNew;
  if (outcome.ok()) is_new |= std::exchange(entry.reconnected, false);
  const bool has_read = outcome.ok() && *outcome != Outcome::kUnchanged;
  const Duration pause = again_soon
                             ? entry.retry
                             : std::max(options_.poll_interval,
                                        has_read ? took : took * kPauseFactor);
  entry.retry = again_soon ? std::min(entry.retry * 2, options_.longest_retry)
                           : options_.first_retry;
  Status before;
  std::optional<CatalogUpdate> update;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    before = std::exchange(entry.error, outcome.status());
    entry.failing = !outcome.ok();
    entry.due = ended + pause;
    entry.earliest = has_read ? ended + took / 4 : ended;
    if (outcome.ok()) {
      entry.current = entry.found;
      if (is_new || mark > entry.answered_mark) {
        update = CatalogUpdate{shard_, entry.database, *entry.found, mark};
      }
      entry.answered_mark = mark;
      if (entry.wanted_mark > mark) entry.due = entry.earliest;
    }
    changed_.notify_all();
  }
  LogChange(entry, before, outcome.status());
  if (!update.has_value()) return;
  publish_(*update);
  std::lock_guard<std::mutex> lock(mutex_);
  entry.published = true;
  changed_.notify_all();
}

StatusOr<CatalogWatcher::Outcome> CatalogWatcher::Look(Entry& entry,
                                                       bool marked) {
  PGB_ASSIGN_OR_RETURN(std::string state, ReadCommitState(entry));
  CatalogConnection& connection = *entry.connection;
  marked |= entry.reconnected;
  if (entry.found.has_value() && entry.found->complete) {
    if (!state.empty() && state == entry.commit_state) {
      return Outcome::kUnchanged;
    }
    // A mark says that there is DDL: the load asks for the version as well.
    if (!marked) {
      PGB_ASSIGN_OR_RETURN(const uint64_t version, CatalogVersion(connection));
      if (version == entry.found->version) {
        entry.commit_state = std::move(state);
        return Outcome::kUnchanged;
      }
    }
  }
  const LoadedCatalog* last = entry.found.has_value() ? &*entry.found : nullptr;
  PGB_ASSIGN_OR_RETURN(LoadedCatalog loaded,
                       LoadCatalog(connection, (*next_epoch_)++, last));
  entry.commit_state = std::move(state);
  if (last != nullptr && last->catalog == loaded.catalog) {
    entry.found->shown_by = loaded.shown_by;
    return Outcome::kUnchanged;
  }
  if (last != nullptr && last->content == loaded.content) {
    entry.found->shown_by = loaded.shown_by;
    entry.found->version = loaded.version;
    entry.found->complete = loaded.complete;
    entry.found->system = std::move(loaded.system);
    return Outcome::kReadSame;
  }
  entry.found = std::move(loaded);
  return Outcome::kReadNew;
}

StatusOr<std::string> CatalogWatcher::ReadCommitState(Entry& entry) {
  const bool was_idle = entry.connection != nullptr;
  PGB_RETURN_IF_ERROR(Connect(entry));
  StatusOr<std::string> state = CommitState(*entry.connection);
  if (state.ok() || !was_idle || !entry.connection->broken() ||
      SqlStateOf(state.status()) == sqlstate::kQueryCanceled) {
    return state;
  }
  // Closed by the server since the last look: that is no failure yet.
  PGB_RETURN_IF_ERROR(Connect(entry));
  return CommitState(*entry.connection);
}

Status CatalogWatcher::Connect(Entry& entry) {
  const std::optional<CatalogSource> source =
      source_for_(shard_, entry.database);
  if (!source.has_value()) {
    entry.retry = options_.first_retry;  // asking costs nothing
    return SqlError(sqlstate::kCannotConnectNow,
                    "no host is known that could be asked");
  }
  if (entry.connection != nullptr && !entry.connection->broken() &&
      entry.connection->source() == *source) {
    return OkStatus();
  }
  entry.connection.reset();
  entry.commit_state.clear();
  PGB_ASSIGN_OR_RETURN(
      entry.connection,
      CatalogConnection::Open(*source, options_.timeouts, &stopping_));
  entry.reconnected = true;
  return OkStatus();
}

void CatalogWatcher::LogChange(Entry& entry, const Status& before,
                               const Status& now) const {
  if (MessageOf(before) == MessageOf(now)) return;
  if (now.ok() && !entry.has_logged) return;  // all is well from the start
  entry.has_logged = true;
  const std::string line = "catalogs of database \"" + entry.database +
                           "\" on shard " + std::to_string(shard_) + ": " +
                           (now.ok() ? "read again" : MessageOf(now));
  if (options_.log) {
    options_.log(line);
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

}  // namespace pgbraid::pool
