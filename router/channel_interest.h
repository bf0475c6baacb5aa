// Who wants to hear of which channel, counted: a member may want a channel more
// than once and has to give it up as often.
//
// Plain state, owned by one reactor.
#ifndef PGBRAID_ROUTER_CHANNEL_INTEREST_H_
#define PGBRAID_ROUTER_CHANNEL_INTEREST_H_

#include <map>
#include <set>
#include <string>

namespace pgbraid::router {

template <class Member>
class ChannelInterest {
 public:
  using Members = std::map<Member, int>;  // with how often each wants it

  // True if nobody wanted the channel before.
  bool Add(const std::string& channel, Member member) {
    Members& members = by_channel_[channel];
    bool first = members.empty();
    ++members[member];
    return first;
  }

  // True if nobody wants the channel any more. What was not added is passed
  // over.
  bool Remove(const std::string& channel, Member member) {
    auto found = by_channel_.find(channel);
    if (found == by_channel_.end()) return false;
    auto at = found->second.find(member);
    if (at == found->second.end()) return false;
    if (--at->second == 0) found->second.erase(at);
    if (!found->second.empty()) return false;
    by_channel_.erase(found);
    return true;
  }

  // Those who want it; null if nobody does.
  const Members* Find(const std::string& channel) const {
    auto found = by_channel_.find(channel);
    return found == by_channel_.end() ? nullptr : &found->second;
  }

  // Everybody who wants anything, once.
  std::set<Member> Everybody() const {
    std::set<Member> all;
    for (const auto& [channel, members] : by_channel_) {
      for (const auto& [member, count] : members) all.insert(member);
    }
    return all;
  }

  bool empty() const { return by_channel_.empty(); }
  void Clear() { by_channel_.clear(); }

 private:
  std::map<std::string, Members> by_channel_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_CHANNEL_INTEREST_H_
