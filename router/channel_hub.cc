#include "router/channel_hub.h"

#include <utility>

namespace pgbraid::router {

ChannelHub::ChannelHub(int index, net::Reactor* reactor, MakeShared make)
    : index_(index), reactor_(reactor), make_(std::move(make)) {}

SharedListener* ChannelHub::Owned(const std::string& database) {
  auto& listener = owned_[database];
  if (listener == nullptr) listener = make_(database, this);
  return listener.get();
}

void ChannelHub::AskOwner(const std::string& database,
                          std::function<void(SharedListener*)> work) {
  ChannelHub* owner =
      peers_[std::hash<std::string>()(database) % peers_.size()];
  owner->reactor_->Post([owner, database, work = std::move(work)] {
    work(owner->Owned(database));
  });
}

net::Task<Status> ChannelHub::Listen(Subscriber* subscriber,
                                     std::string database, std::string channel,
                                     TimePoint deadline) {
  Outcome outcome(reactor_);
  uint64_t ticket = ++last_ticket_;
  tickets_[ticket] = Ticket{database, channel, subscriber, &outcome};
  AskOwner(database,
           [index = index_, generation = databases_[database].generation,
            ticket, channel](SharedListener* listener) {
             listener->Want(index, generation, ticket, channel);
           });
  co_return co_await Await(ticket, &outcome, deadline);
}

void ChannelHub::Unlisten(Subscriber* subscriber, const std::string& database,
                          const std::string& channel) {
  Database& known = databases_[database];
  known.interest.Remove(channel, subscriber);
  AskOwner(database, [index = index_, generation = known.generation,
                      channel](SharedListener* listener) {
    listener->Unwant(index, generation, channel);
  });
}

net::Task<Status> ChannelHub::CatchUp(std::string database, int shard,
                                      TimePoint deadline) {
  Outcome outcome(reactor_);
  uint64_t ticket = ++last_ticket_;
  tickets_[ticket] = Ticket{database, {}, nullptr, &outcome};
  AskOwner(database,
           [index = index_, generation = databases_[database].generation,
            ticket, shard](SharedListener* listener) {
             listener->CatchUp(index, generation, ticket, shard);
           });
  co_return co_await Await(ticket, &outcome, deadline);
}

net::Task<Status> ChannelHub::Await(uint64_t ticket, Outcome* outcome,
                                    TimePoint deadline) {
  while (!outcome->done) {
    bool notified = co_await outcome->waiter.Wait(deadline);
    if (!notified && !outcome->done) {
      tickets_[ticket].outcome = nullptr;
      co_return SqlError(sqlstate::kConnectionFailure,
                         "the listening connection did not answer in time");
    }
  }
  co_return outcome->status;
}

void ChannelHub::OnDone(uint64_t number) {
  auto found = tickets_.find(number);
  if (found == tickets_.end()) return;
  Ticket ticket = std::move(found->second);
  tickets_.erase(found);
  if (!ticket.channel.empty()) {
    databases_[ticket.database].interest.Add(ticket.channel, ticket.subscriber);
    if (ticket.outcome == nullptr) {
      Unlisten(ticket.subscriber, ticket.database, ticket.channel);
    }
  }
  if (ticket.outcome == nullptr) return;
  ticket.outcome->done = true;
  ticket.outcome->waiter.Notify();
}

void ChannelHub::OnHeard(const std::string& database,
                         const HeardNotification& heard) {
  const auto* subscribers = databases_[database].interest.Find(heard.channel);
  if (subscribers == nullptr) return;
  for (const auto& [subscriber, count] : *subscribers) {
    subscriber->OnNotification(heard);
  }
}

void ChannelHub::OnLost(const std::string& database, uint64_t generation,
                        const Status& why) {
  Database& known = databases_[database];
  known.generation = generation;
  std::set<Subscriber*> subscribers = known.interest.Everybody();
  known.interest.Clear();
  for (auto at = tickets_.begin(); at != tickets_.end();) {
    if (at->second.database != database) {
      ++at;
      continue;
    }
    if (Outcome* outcome = at->second.outcome) {
      outcome->done = true;
      outcome->status = why;
      outcome->waiter.Notify();
    }
    at = tickets_.erase(at);
  }
  for (Subscriber* subscriber : subscribers) subscriber->OnListenerLost(why);
}

void ChannelHub::Done(int worker, uint64_t ticket) {
  ChannelHub* to = peers_[worker];
  to->reactor_->Post([to, ticket] { to->OnDone(ticket); });
}

void ChannelHub::Deliver(int worker, const std::string& database,
                         const HeardRef& heard) {
  ChannelHub* to = peers_[worker];
  to->reactor_->Post([to, database, heard] { to->OnHeard(database, *heard); });
}

void ChannelHub::Lost(const std::string& database, uint64_t generation,
                      const Status& why) {
  for (ChannelHub* to : peers_) {
    to->reactor_->Post([to, database, generation, why] {
      to->OnLost(database, generation, why);
    });
  }
}

}  // namespace pgbraid::router
