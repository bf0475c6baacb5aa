// The channels that one session listens to, changed as PostgreSQL changes them:
// LISTEN and UNLISTEN take effect when their transaction commits, in order, and
// are undone by ROLLBACK and ROLLBACK TO.
//
// Plain state, owned by its session.
#ifndef PGBRAID_ROUTER_CHANNEL_SET_H_
#define PGBRAID_ROUTER_CHANNEL_SET_H_

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgbraid::router {

class ChannelSet {
 public:
  // In the open transaction (an implicit one, too). Names as PostgreSQL knows
  // them: folded, cut to 63 bytes.
  void Listen(std::string_view channel);
  void Unlisten(std::string_view channel);
  void UnlistenAll();

  void Savepoint(std::string_view name);
  // A savepoint that is not known here was made before anything was pending.
  void RollbackTo(std::string_view name);
  void Release(std::string_view name);

  // The transaction's end.
  void Commit();
  void Rollback();

  // Outside of any transaction (DISCARD ALL).
  void Clear();

  // Listened to now. What is pending does not count.
  bool Contains(std::string_view channel) const {
    return active_.contains(channel);
  }
  const std::set<std::string, std::less<>>& active() const { return active_; }
  bool empty() const { return active_.empty() && pending_.empty(); }
  // The open transaction has changed something.
  bool has_pending() const { return !pending_.empty(); }

 private:
  struct Action {
    enum class Kind { kListen, kUnlisten, kUnlistenAll };
    Kind kind;
    std::string channel;
  };
  struct Mark {
    std::string name;
    size_t pending;  // number of actions when it was made
  };

  std::set<std::string, std::less<>> active_;
  std::vector<Action> pending_;
  std::vector<Mark> savepoints_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_CHANNEL_SET_H_
