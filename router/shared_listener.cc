#include "router/shared_listener.h"

#include <utility>

namespace pgbraid::router {
namespace {

// A statement that does nothing: when it is answered, all notifications that
// were sent before it have come.
constexpr std::string_view kNothing = ";";

std::string Quoted(const std::string& channel) {
  std::string quoted = "\"";
  for (char c : channel) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

SharedListener::SharedListener(std::string database, int shard_count,
                               const MakeListener& make, Audience* audience)
    : database_(std::move(database)), audience_(audience) {
  for (int shard = 0; shard < shard_count; ++shard) {
    listeners_.push_back(make(
        shard,
        [this, shard](const wire::Notification& notification) {
          OnHeard(shard, notification);
        },
        [this, shard](const Status& why) { OnLost(shard, why); }));
    listeners_.back()->Start();
  }
}

void SharedListener::Want(int worker, uint64_t generation, uint64_t ticket,
                          const std::string& channel) {
  if (generation != generation_) return;
  bool first = interest_.Add(channel, worker);
  std::string sql = first ? "LISTEN " + Quoted(channel) : std::string(kNothing);
  auto missing = std::make_shared<size_t>(listeners_.size());
  for (auto& listener : listeners_) {
    listener->SetWanted(true);
    listener->Run(sql, [this, worker, ticket, missing] {
      if (--*missing == 0) audience_->Done(worker, ticket);
    });
  }
}

void SharedListener::Unwant(int worker, uint64_t generation,
                            const std::string& channel) {
  if (generation != generation_) return;
  if (!interest_.Remove(channel, worker)) return;
  for (auto& listener : listeners_) {
    listener->Run("UNLISTEN " + Quoted(channel), nullptr);
    if (interest_.empty()) listener->SetWanted(false);
  }
}

void SharedListener::CatchUp(int worker, uint64_t generation, uint64_t ticket,
                             int shard) {
  if (generation != generation_) return;
  if (interest_.empty()) {
    audience_->Done(worker, ticket);
    return;
  }
  listeners_[shard]->Run(std::string(kNothing), [this, worker, ticket] {
    audience_->Done(worker, ticket);
  });
}

void SharedListener::OnHeard(int shard, const wire::Notification& heard) {
  std::string channel(heard.channel);
  const auto* workers = interest_.Find(channel);
  if (workers == nullptr) return;
  auto copy = std::make_shared<HeardNotification>();
  copy->shard = shard;
  copy->process = heard.process;
  copy->channel = std::move(channel);
  copy->payload = std::string(heard.payload);
  for (const auto& [worker, count] : *workers) {
    audience_->Deliver(worker, database_, copy);
  }
}

void SharedListener::OnLost(int shard, const Status& why) {
  ++generation_;
  interest_.Clear();
  for (size_t i = 0; i < listeners_.size(); ++i) {
    if (static_cast<int>(i) != shard) listeners_[i]->Reset();
  }
  audience_->Lost(database_, generation_, why);
}

}  // namespace pgbraid::router
