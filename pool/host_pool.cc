#include "pool/host_pool.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace pgbraid::pool {
namespace {

// How many idle connections are looked at for one with the right settings.
constexpr size_t kEnvironmentSearch = 64;

// How far behind the first in line one is looked for that a connection fits
// better, and how often the first may be passed over for that. Nobody is once
// it has waited for this part of the checkout timeout: else those in the middle
// of a long line, each with its own overtakers, could wait in vain.
constexpr int kLineSearch = 16;
constexpr int kMostOvertakings = 8;
constexpr int kPatiencePart = 4;

// What makes one idle connection better than another; 0: of no use.
constexpr int kOthersSequences = 1;
constexpr int kOtherEnvironment = 2;
constexpr int kEqual = 3;
constexpr int kBestRank = 4;

// Another session than the one that wishes may still ask for currval() there.
bool HasOthersSequences(const ServerConnection& connection,
                        const SequenceWish& wish) {
  return connection.id != wish.connection &&
         !connection.sequence_owner.expired();
}

// For the roundtrip that ends a quarantine.
constexpr Duration kFlushTimeout = std::chrono::seconds(2);

bool Fits(const ServerConnection& connection, const Identity& identity,
          const Credentials& credentials) {
  return connection.database() == identity.database &&
         connection.user() == credentials.For(identity.user).user;
}

bool CanServe(const ServerConnection& connection,
              const Environment& environment) {
  return connection.environment != nullptr &&
         environment.CanFollow(*connection.environment);
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
      random_(random),
      canceller_(reactor, options_.address) {
  PGB_CHECK(options_.limit > 0);
}

HostPool::~HostPool() = default;

Lease HostPool::TryAcquire(const Identity* identity,
                           const Environment* environment,
                           const SequenceWish& wish) {
  if (!waiting_.empty()) return {};
  bool choosy = wish.connection != 0 || wish.advances;
  for (;;) {
    size_t best = idle_.size();
    int best_rank = 0;
    size_t seen = 0;
    for (size_t i = idle_.size(); i-- > 0 && seen < kEnvironmentSearch;) {
      const Idle& idle = idle_[i];
      if (idle.identity != identity) continue;
      ++seen;
      const ServerConnection& connection = *idle.connection;
      int rank = 0;
      if (wish.advances && HasOthersSequences(connection, wish)) {
        // The one whose owner has advanced its sequences longest ago.
        bool sooner =
            best_rank == 0 ||
            (best_rank == kOthersSequences &&
             connection.sequence_turn < idle_[best].connection->sequence_turn);
        if (sooner && CanServe(connection, *environment)) {
          best = i;
          best_rank = kOthersSequences;
        }
        continue;
      }
      if (idle.environment == environment) {
        rank = !choosy || connection.id == wish.connection ? kBestRank : kEqual;
      } else if (best_rank < kOtherEnvironment &&
                 CanServe(connection, *environment)) {
        rank = kOtherEnvironment;
      }
      if (rank > best_rank) {
        best = i;
        best_rank = rank;
      }
      if (best_rank == kBestRank) break;
    }
    if (best == idle_.size()) return {};
    // Rather a new one than to make another session's currval() unknown.
    if (best_rank == kOthersSequences && total_ < options_.limit) return {};
    Lease lease = LendIdle(best);
    if (lease) return lease;
  }
}

Lease HostPool::LendIdle(size_t place) {
  std::unique_ptr<ServerConnection> connection =
      std::move(idle_[place].connection);
  idle_.erase(idle_.begin() + static_cast<ptrdiff_t>(place));
  if (IsUsable(connection.get())) {
    Lend(connection.get());
    return Lease(this, std::move(connection));
  }
  Forget(*connection);
  --total_;
  return {};
}

net::Task<Lease> HostPool::AcquireOnly(uint64_t id, TimePoint deadline,
                                       Interrupt* interrupt) {
  for (size_t i = 0; i < idle_.size(); ++i) {
    if (idle_[i].connection->id == id) co_return LendIdle(i);
  }
  bool is_lent = std::any_of(lent_.begin(), lent_.end(),
                             [&](const auto* each) { return each->id == id; });
  if (!is_lent) co_return Lease();
  Pending pending(reactor_);
  pending.only = id;
  waiting_for_one_.push_back(&pending);
  Interrupt::Scope scope(interrupt, &pending.waiter);
  bool in_time = true;
  while (pending.given == nullptr && !pending.gone) {
    if (scope.raised() || !in_time) {
      waiting_for_one_.remove(&pending);
      co_return Lease();
    }
    in_time = co_await pending.waiter.Wait(deadline);
  }
  if (pending.gone) co_return Lease();
  co_return Lease(this, std::move(pending.given));
}

net::Task<StatusOr<Lease>> HostPool::Acquire(const Identity* identity,
                                             const Environment* environment,
                                             TimePoint deadline,
                                             Interrupt* interrupt,
                                             const SequenceWish& wish) {
  const TimePoint now = reactor_->now();
  deadline = std::min(deadline, now + options_.checkout_timeout);
  Lease lease = TryAcquire(identity, environment, wish);
  if (lease) co_return lease;
  if (waiting_.empty() && (total_ < options_.limit || EvictIdle())) {
    ++total_;
    co_return co_await Open(identity, deadline, interrupt);
  }
  Pending pending(reactor_);
  pending.identity = identity;
  pending.environment = environment;
  pending.since = now;
  waiting_.push_back(&pending);
  Interrupt::Scope scope(interrupt, &pending.waiter);
  bool in_time = true;
  while (pending.given == nullptr && !pending.may_open) {
    if (!pending.turned_away.ok()) co_return pending.turned_away;
    if (scope.raised() || !in_time) {
      waiting_.remove(&pending);
      if (scope.raised()) co_return Interrupt::Error();
      co_return NotInTime("All " + std::to_string(options_.limit) +
                          " connections of this thread's share of --pool_size "
                          "are in use.");
    }
    in_time = co_await pending.waiter.Wait(deadline);
  }
  if (pending.may_open) co_return co_await Open(identity, deadline, interrupt);
  co_return Lease(this, std::move(pending.given));
}

Status HostPool::NotInTime(std::string_view detail) const {
  return SqlError(sqlstate::kTooManyConnections,
                  "no server connection to " + options_.address.ToString() +
                      " became free in time",
                  detail);
}

net::Task<StatusOr<Lease>> HostPool::Open(const Identity* identity,
                                          TimePoint deadline,
                                          Interrupt* interrupt) {
  auto opening = std::make_shared<Opening>();
  net::Waiter waiter(reactor_);
  opening->waiter = &waiter;
  // Not bounded by what is left of the client's patience: that may be less than
  // any login takes, and the connection will serve another.
  reactor_->Spawn(RunOpening(opening, identity,
                             reactor_->now() + options_.connect_timeout));
  Interrupt::Scope scope(interrupt, &waiter);
  bool in_time = true;
  while (!opening->over) {
    if (scope.raised() || !in_time) {
      opening->waiter = nullptr;
      if (scope.raised()) co_return Interrupt::Error();
      co_return NotInTime("One was still being made.");
    }
    in_time = co_await waiter.Wait(deadline);
  }
  if (!opening->error.ok()) co_return opening->error;
  co_return Lease(this, std::move(opening->connection));
}

net::Task<void> HostPool::RunOpening(std::shared_ptr<Opening> opening,
                                     const Identity* identity,
                                     TimePoint deadline) {
  uint64_t generation = generation_;
  ServerConnection::Target target{options_.address, identity->database,
                                  credentials_->For(identity->user)};
  opening_.push_back(opening.get());
  auto made = co_await ServerConnection::Open(reactor_, std::move(target),
                                              tables_, random_, deadline);
  std::erase(opening_, opening.get());
  if (!made.ok()) {
    --total_;
    PlaceFreed();
    opening->error = made.status();
  } else if (opening->waiter == nullptr && generation != generation_) {
    Discard(*std::move(made));
  } else {
    std::unique_ptr<ServerConnection> connection = *std::move(made);
    connection->owner = identity;
    if (opening->waiter == nullptr) {
      Offer(std::move(connection));
    } else {
      Lend(connection.get());
      opening->connection = std::move(connection);
    }
  }
  opening->over = true;
  if (opening->waiter != nullptr) opening->waiter->Notify();
}

net::Task<StatusOr<Lease>> HostPool::OpenDedicated(DedicatedTarget dedicated,
                                                   TimePoint deadline) {
  uint64_t generation = generation_;
  ServerConnection::Target target{
      options_.address, std::move(dedicated.database),
      std::move(dedicated.login), std::move(dedicated.startup),
      dedicated.replication};
  auto made = co_await ServerConnection::Open(
      reactor_, std::move(target), tables_, random_,
      std::min(deadline, reactor_->now() + options_.connect_timeout));
  if (!made.ok()) co_return made.status();
  if (generation != generation_) {
    co_return SqlError(sqlstate::kConnectionFailure,
                       "server " + options_.address.ToString() +
                           " has changed its role or was started anew");
  }
  (*made)->dedicated = true;
  Lend(made->get());
  co_return Lease(this, *std::move(made));
}

bool HostPool::EvictIdle() {
  if (idle_.empty()) return false;
  Forget(*idle_.front().connection);
  idle_.erase(idle_.begin());
  --total_;
  return true;
}

std::list<HostPool::Pending*>::iterator HostPool::NextInLine(
    const ServerConnection& connection) {
  auto first = waiting_.begin();
  auto suits_as_it_is = [&](const Pending& pending) {
    return pending.environment == connection.environment.get() &&
           pending.identity == connection.owner;
  };
  auto can_serve = [&](const Pending& pending) {
    return Fits(connection, *pending.identity, *credentials_) &&
           CanServe(connection, *pending.environment);
  };
  if (suits_as_it_is(**first) || (*first)->overtaken >= kMostOvertakings ||
      reactor_->now() - (*first)->since >=
          options_.checkout_timeout / kPatiencePart) {
    return first;
  }
  // Second best: one for whom it need not be closed, as for the first.
  auto best = first;
  bool served = can_serve(**first);
  int seen = 0;
  for (auto it = std::next(first); it != waiting_.end() && ++seen < kLineSearch;
       ++it) {
    if (suits_as_it_is(**it)) {
      best = it;
      break;
    }
    if (!served && can_serve(**it)) {
      best = it;
      served = true;
    }
  }
  if (best != first) ++(*first)->overtaken;
  return best;
}

bool HostPool::GiveToItsWaiter(std::unique_ptr<ServerConnection>* connection) {
  for (Pending* pending : waiting_for_one_) {
    if (pending->only != (*connection)->id) continue;
    waiting_for_one_.remove(pending);
    Lend(connection->get());
    pending->given = std::move(*connection);
    pending->waiter.Notify();
    return true;
  }
  return false;
}

void HostPool::Forget(const ServerConnection& connection) {
  std::erase_if(waiting_for_one_, [&](Pending* pending) {
    if (pending->only != connection.id) return false;
    pending->gone = true;
    pending->waiter.Notify();
    return true;
  });
}

void HostPool::Lend(ServerConnection* connection) {
  connection->lent_at = lent_.size();
  lent_.push_back(connection);
}

void HostPool::Return(std::unique_ptr<ServerConnection> connection) {
  lent_.back()->lent_at = connection->lent_at;
  lent_[connection->lent_at] = lent_.back();
  lent_.pop_back();
  if (connection->dedicated) {
    canceller_.Close(std::move(connection));
    return;
  }
  if (!connection->reusable() || connection->tainted || connection->outdated ||
      !connection->listens.empty()) {
    Discard(std::move(connection));
    return;
  }
  connection->stream->Attach(nullptr);
  if (connection->cancel != CancelProgress::kNone) {
    canceller_.Withdraw(connection.get());
    if (connection->cancel != CancelProgress::kNone) {
      reactor_->Spawn(Quarantine(std::move(connection)));
      return;
    }
  }
  Offer(std::move(connection));
}

net::Task<void> HostPool::Quarantine(
    std::unique_ptr<ServerConnection> connection) {
  uint64_t generation = generation_;
  co_await canceller_.AwaitEnd(connection.get());
  if (!connection->retired && generation == generation_) {
    // Takes in what the signal may have left behind: nothing, or one error.
    auto answer = co_await connection->Run(
        std::string(), reactor_->clock()->Now() + kFlushTimeout);
    connection->stream->Attach(nullptr);
    if (!answer.ok() &&
        SqlStateOf(answer.status()) != sqlstate::kQueryCanceled) {
      connection->retired = true;
    }
  }
  if (!connection->reusable() || generation != generation_) {
    Discard(std::move(connection));
    co_return;
  }
  Offer(std::move(connection));
}

void HostPool::Offer(std::unique_ptr<ServerConnection> connection) {
  connection->heard.clear();
  if (GiveToItsWaiter(&connection)) return;
  if (!waiting_.empty()) {
    auto place = NextInLine(*connection);
    Pending* next = *place;
    if (!Fits(*connection, *next->identity, *credentials_) ||
        !CanServe(*connection, *next->environment)) {
      Discard(std::move(connection));
      return;
    }
    connection->owner = next->identity;
    waiting_.erase(place);
    Lend(connection.get());
    next->given = std::move(connection);
    next->waiter.Notify();
    return;
  }
  const Identity* owner = connection->owner;
  const Environment* environment = connection->environment.get();
  idle_.push_back(Idle{owner, environment, std::move(connection)});
}

void HostPool::Discard(std::unique_ptr<ServerConnection> connection) {
  --total_;
  Forget(*connection);
  canceller_.Close(std::move(connection));
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
  ++generation_;
  total_ -= idle_.size();
  for (const Idle& idle : idle_) Forget(*idle.connection);
  idle_.clear();
  while (!waiting_.empty() && total_ < options_.limit) PlaceFreed();
}

void HostPool::Renew() {
  for (ServerConnection* connection : lent_) connection->outdated = true;
  DropIdle();
}

void HostPool::Depose(const Status& why) {
  // First those in line: the places that become free are not for them.
  for (Pending* pending : waiting_) {
    pending->turned_away = why;
    pending->waiter.Notify();
  }
  waiting_.clear();
  DropIdle();
  for (Opening* opening : opening_) {
    if (opening->waiter == nullptr) continue;
    opening->error = why;
    opening->over = true;
    opening->waiter->Notify();
    opening->waiter = nullptr;
  }
  for (ServerConnection* connection : lent_) {
    if (connection->busy) canceller_.Cancel(connection);
    connection->Revoke(why);
  }
}

}  // namespace pgbraid::pool
