// One segment of the extended protocol: everything up to Sync is one implicit
// transaction, and this one state machine owns its Parse, Bind, Describe,
// Execute, Close, Flush, abort and retry.
//
// Messages are taken in order. Those that say nothing about a shard (Parse,
// Describe of a statement, Close) wait until a Bind decides where the segment
// goes, or Sync or Flush shows that any shard will do. Then they are translated
// for that server connection: statements get their global names, and are
// prepared there first if they are not yet.
//
// Lives in the frame of Session::RunSegment.
#ifndef PGBRAID_ROUTER_EXTENDED_SEGMENT_H_
#define PGBRAID_ROUTER_EXTENDED_SEGMENT_H_

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "router/exchange.h"
#include "router/plan.h"
#include "router/session.h"
#include "wire/bind.h"
#include "wire/frame.h"
#include "wire/frontend.h"

namespace pgbraid::router {

class ExtendedSegment {
 public:
  explicit ExtendedSegment(Session* session);

  // Runs the segment whose first message is at the front of the client's input,
  // up to its ReadyForQuery (or the end of the session).
  net::Task<void> Run();

 private:
  enum class Step : uint8_t {
    kNext,     // the message was taken
    kAcquire,  // it needs a server connection first, then again
    kOutside,  // what waits is to be answered outside of any transaction
    kScatter,  // the segment is one statement for several shards
    kEnd,      // the session has to end
  };
  // A message that waits for its server connection.
  struct Waiting {
    char type;
    PreparedRef prepared;
    std::string name;  // the client's
  };
  struct Portal {
    std::shared_ptr<const RoutedQuery> query;
    PreparedRef prepared;
    bool local = false;
  };

  // One attempt; false if it has to be made again on the primary.
  net::Task<bool> RunOnce();
  // The end of an attempt: all answers are here, or the server is lost.
  net::Task<bool> Finish();
  net::Task<Status> AcquireTarget();
  // Has what waits answered by any shard, and leaves that again. False if the
  // client has gone.
  net::Task<bool> DescribeOutside();
  Step AskAnyShard();
  void TakeMessages(Step* step);
  Step Take(const wire::Frame& frame);
  Step TakeParse(std::string_view body);
  Step TakeBind(const wire::Frame& frame);
  // The Bind of a statement that a server runs; the segment may not be bound.
  Step BindOnServer(const wire::Frame& frame, const wire::BindMessage& bind,
                    const PreparedRef& prepared);
  Step TakeDescribe(std::string_view body);
  Step TakeExecute(const wire::Frame& frame);
  Step TakeClose(std::string_view body);
  Step TakeSync();
  Step TakeFlush();

  Plan PlanBind(const PreparedRef& prepared, const wire::BindMessage& bind);
  PreparedRef FindPrepared(std::string_view name);
  void Recognize(const PreparedRef& prepared);
  // Whether all that is left of the segment is here and adds nothing that needs
  // a plan of its own.
  bool EndsPlainly(size_t from) const;
  // Makes the request of a statement for several shards, if it is alone in its
  // segment, all of which is here from `from` on.
  Step PrepareScatter(const PreparedRef& prepared,
                      const wire::BindMessage& bind, const Plan& plan,
                      size_t from);
  Step NeedJoined();
  void DescribeLocal(const PreparedRef& prepared, bool statement);
  Step ExecuteLocal(const PreparedRef& prepared);

  // The client sees `status`; what follows up to Sync is skipped, and what the
  // segment has done on a server is undone.
  Step Refuse(const Status& status);
  void Synthesize(std::string bytes);
  // Translation for the server connection at hand.
  void SendWaiting();
  void SendParse(const PreparedRef& prepared, const std::string& name);
  void EnsurePrepared(const PreparedRef& prepared);
  // Makes settings of the startup packet that the last statement has reset what
  // they were, before `next` (null: Sync) is sent.
  void Restore(const PreparedRef& next);
  // A statement of the router's own, as part of the segment.
  void RunHidden(std::string_view sql);
  void SendOut();
  // Takes the messages handled so far off the client's input.
  void ConsumeTaken();

  Session* const s_;
  Exchange exchange_;
  size_t cursor_ = 0;        // of the client's input: what has been taken
  bool keep_input_ = false;  // for a second attempt
  bool primary_only_ = false;
  bool bound_ = false;  // held_ is this segment's connection
  bool synced_ = false;
  bool skipping_ = false;  // after an error, up to Sync
  Plan plan_;
  Session::ScatterRequest scatter_;
  std::vector<Waiting> waiting_;
  std::map<std::string, PreparedRef, std::less<>> defined_;  // by this segment
  std::set<std::string, std::less<>> closed_;                // by this segment
  PreparedRef unnamed_;
  std::map<std::string, Portal, std::less<>> portals_;
  std::string out_;
  std::string restores_;  // a statement to run before what comes next
  bool restores_committed_ = false;  // what it restores was not undone by it
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_EXTENDED_SEGMENT_H_
