#include "pool/host_pool.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "pool/cancel.h"

namespace pgbraid::pool {
namespace {

// How many idle connections are looked at for one with the right settings.
constexpr size_t kEnvironmentSearch = 8;

bool Fits(const ServerConnection& connection, const Identity& identity,
          const Credentials& credentials) {
  return connection.database() == identity.database &&
         connection.user() == credentials.For(identity.user).user;
}

// Whether an idle connection is still silent and open. Anything that arrived on
// it is nobody's: the connection is not used again.
bool IsUsable(ServerConnection* connection) {
  return connection->stream->silent();
}

}  // namespace

void Lease::Return() {
  if (connection_ == nullptr) return;
  pool_->Return(std::move(connection_));
}

HostPool::HostPool(net::Reactor* reactor, HostPoolOptions options,
                   const Credentials* credentials, ReactorTables* tables,
                   wire::RandomSource* random)
    : reactor_(reactor),
      options_(std::move(options)),
      credentials_(credentials),
      tables_(tables),
      random_(random) {
  PGB_CHECK(options_.limit > 0);
}

HostPool::~HostPool() = default;

Lease HostPool::TryAcquire(const Identity* identity,
                           const Environment* environment) {
  if (!waiting_.empty()) return {};
  for (;;) {
    size_t best = idle_.size();
    size_t seen = 0;
    for (size_t i = idle_.size(); i-- > 0 && seen < kEnvironmentSearch;) {
      if (idle_[i].identity != identity) continue;
      ++seen;
      if (best == idle_.size()) best = i;
      if (idle_[i].connection->environment.get() == environment) {
        best = i;
        break;
      }
    }
    if (best == idle_.size()) return {};
    std::unique_ptr<ServerConnection> connection =
        std::move(idle_[best].connection);
    idle_.erase(idle_.begin() + static_cast<ptrdiff_t>(best));
    if (IsUsable(connection.get())) return Lease(this, std::move(connection));
    --total_;
  }
}

net::Task<StatusOr<Lease>> HostPool::Acquire(const Identity* identity,
                                             const Environment* environment,
                                             TimePoint deadline) {
  deadline = std::min(deadline, reactor_->now() + options_.checkout_timeout);
  Lease lease = TryAcquire(identity, environment);
  if (lease) co_return lease;
  if (waiting_.empty() && (total_ < options_.limit || EvictIdle())) {
    ++total_;
    co_return co_await Open(identity, deadline);
  }
  Pending pending(reactor_);
  pending.identity = identity;
  waiting_.push_back(&pending);
  while (pending.given == nullptr && !pending.may_open) {
    bool notified = co_await pending.waiter.Wait(deadline);
    if (!notified && pending.given == nullptr && !pending.may_open) {
      waiting_.remove(&pending);
      co_return SqlError(
          sqlstate::kTooManyConnections,
          "no server connection to " + options_.address.ToString() +
              " became free in time",
          "All " + std::to_string(options_.limit) +
              " connections of this thread's share of --pool_size are in use.");
    }
  }
  if (pending.may_open) co_return co_await Open(identity, deadline);
  co_return Lease(this, std::move(pending.given));
}

net::Task<StatusOr<Lease>> HostPool::Open(const Identity* identity,
                                          TimePoint deadline) {
  ServerConnection::Target target{options_.address, identity->database,
                                  credentials_->For(identity->user)};
  ++opening_;
  auto connection = co_await ServerConnection::Open(
      reactor_, std::move(target), tables_, random_,
      std::min(deadline, reactor_->now() + options_.connect_timeout));
  --opening_;
  if (!connection.ok()) {
    --total_;
    PlaceFreed();
    co_return connection.status();
  }
  (*connection)->owner = identity;
  co_return Lease(this, *std::move(connection));
}

bool HostPool::EvictIdle() {
  if (idle_.empty()) return false;
  idle_.erase(idle_.begin());
  --total_;
  return true;
}

void HostPool::Return(std::unique_ptr<ServerConnection> connection) {
  if (!connection->reusable() || connection->tainted) {
    Discard(std::move(connection));
    return;
  }
  connection->stream->Attach(nullptr);
  if (!waiting_.empty()) {
    Pending* next = waiting_.front();
    if (!Fits(*connection, *next->identity, *credentials_)) {
      Discard(std::move(connection));
      return;
    }
    connection->owner = next->identity;
    waiting_.pop_front();
    next->given = std::move(connection);
    next->waiter.Notify();
    return;
  }
  const Identity* owner = connection->owner;
  idle_.push_back(Idle{owner, std::move(connection)});
}

void HostPool::Discard(std::unique_ptr<ServerConnection> connection) {
  --total_;
  CancelAndClose(reactor_, std::move(connection));
  PlaceFreed();
}

void HostPool::PlaceFreed() {
  if (waiting_.empty() || total_ >= options_.limit) return;
  Pending* next = waiting_.front();
  waiting_.pop_front();
  ++total_;
  next->may_open = true;
  next->waiter.Notify();
}

void HostPool::DropIdle() {
  total_ -= idle_.size();
  idle_.clear();
  while (!waiting_.empty() && total_ < options_.limit) PlaceFreed();
}

}  // namespace pgbraid::pool
