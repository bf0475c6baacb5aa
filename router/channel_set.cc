#include "router/channel_set.h"

namespace pgbraid::router {

void ChannelSet::Listen(std::string_view channel) {
  pending_.push_back({Action::Kind::kListen, std::string(channel)});
}

void ChannelSet::Unlisten(std::string_view channel) {
  if (empty()) return;
  pending_.push_back({Action::Kind::kUnlisten, std::string(channel)});
}

void ChannelSet::UnlistenAll() {
  if (empty()) return;
  pending_.push_back({Action::Kind::kUnlistenAll, {}});
}

void ChannelSet::Savepoint(std::string_view name) {
  savepoints_.push_back({std::string(name), pending_.size()});
}

void ChannelSet::RollbackTo(std::string_view name) {
  for (size_t i = savepoints_.size(); i-- > 0;) {
    if (savepoints_[i].name != name) continue;
    pending_.resize(savepoints_[i].pending);
    savepoints_.resize(i + 1);
    return;
  }
  pending_.clear();
  savepoints_.clear();
}

void ChannelSet::Release(std::string_view name) {
  for (size_t i = savepoints_.size(); i-- > 0;) {
    if (savepoints_[i].name != name) continue;
    savepoints_.resize(i);
    return;
  }
  savepoints_.clear();
}

void ChannelSet::Commit() {
  for (Action& action : pending_) {
    switch (action.kind) {
      case Action::Kind::kListen:
        active_.insert(std::move(action.channel));
        break;
      case Action::Kind::kUnlisten:
        active_.erase(action.channel);
        break;
      case Action::Kind::kUnlistenAll:
        active_.clear();
        break;
    }
  }
  Rollback();
}

void ChannelSet::Rollback() {
  pending_.clear();
  savepoints_.clear();
}

void ChannelSet::Clear() {
  active_.clear();
  Rollback();
}

}  // namespace pgbraid::router
