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
#include "router/prepare_on_server.h"
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
    kCheck,    // the server's answers so far are needed first, then again
    kEnd,      // the session has to end
  };
  // A message that waits for its server connection.
  struct Waiting {
    char type;  // 0: `answer` is the router's own
    ClientStatementRef client;
    std::shared_ptr<const Translation> translation;
    Expected answer;
  };
  struct Portal {
    std::shared_ptr<const RoutedQuery> query;
    ClientStatementRef client;
    bool local = false;
    std::shared_ptr<const Translation> translation;
  };

  net::Task<Attempt> RunOnce();
  // The end of an attempt: all answers are here, or the server is lost.
  net::Task<Attempt> Finish();
  // Waits for all answers to what has been sent. False if the attempt is over.
  net::Task<bool> AwaitAnswers();
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
                    const ClientStatementRef& client,
                    const std::shared_ptr<const Translation>& translation);
  // The same where the segment is bound and the plan is kept.
  Step SendBind(const wire::Frame& frame, const wire::BindMessage& bind,
                const ClientStatementRef& client);
  void SendTranslatedBind(
      const wire::BindMessage& bind, const ClientStatementRef& client,
      const std::shared_ptr<const Translation>& translation);
  // A client that relies on the columns it was told of must not get others:
  // kNext if the connection gives these.
  Step CheckColumns(const ClientStatementRef& client, bool unnamed);
  Step TakeDescribe(std::string_view body);
  Step TakeExecute(const wire::Frame& frame);
  Step TakeClose(std::string_view body);
  Step TakeSync();
  Step TakeFlush();

  Plan PlanBind(const ClientStatementRef& client, const wire::BindMessage& bind,
                const Translation* translation);
  // The client's statement at this place of the segment, or null.
  ClientStatementRef FindPrepared(std::string_view name);
  // Null if the statement names no other.
  std::shared_ptr<const Translation> TranslateStatement(
      const ClientStatementRef& client);
  // All that the client has prepared at this place of the segment.
  std::vector<ClientStatementRef> AllPrepared() const;
  bool IsLocal(const PreparedRef& prepared);
  // Whether the message after this one describes its portal.
  bool DescribesNext(const wire::Frame& bind, std::string_view portal) const;
  // Whether all that is left of the segment is here and adds nothing that needs
  // a plan of its own.
  bool EndsPlainly(size_t from) const;
  // Makes the request of a statement for several shards, if it is alone in its
  // segment, all of which is here from `from` on.
  Step PrepareScatter(const ClientStatementRef& client,
                      const wire::BindMessage& bind, const Plan& plan,
                      size_t from);
  Step NeedJoined();
  void DescribeLocal(const PreparedRef& prepared, bool statement);
  Step ExecuteLocal(const PreparedRef& prepared);
  void DeallocateLocal(const std::string& name);
  // What an Execute does to the names of prepared statements.
  void NoteExecuted(const Portal& portal, Expected* expected);
  // The client is told of the portal's columns.
  void NoteDescribed(const Portal& portal, Expected* expected);

  // The client sees `status`; what follows up to Sync is skipped, and what the
  // segment has done on a server is undone.
  Step Refuse(const Status& status);
  Step RefuseNow(const Status& status);
  // The same with the whole ErrorResponse, where the segment is bound.
  Step RefuseBound(std::string error);
  void Synthesize(std::string bytes);
  // Gives an answer of the router's own its place among the others.
  void Answer(Expected answer);
  // Translation for the server connection at hand.
  void SendWaiting();
  void SendParse(const ClientStatementRef& client);
  void SendDescribe(const Waiting& describe);
  void SendTranslation(const ClientStatementRef& client,
                       const std::shared_ptr<const Translation>& translation);
  void EnsurePrepared(const ClientStatementRef& client);
  ServerPreparation Preparation();
  size_t PreparedLimit() const;
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
  bool whole_ = false;  // all of it is here, and its first Bind the only one
  bool primary_only_ = false;
  bool prepared_again_ = false;
  bool bound_ = false;  // held_ is this segment's connection
  bool synced_ = false;
  bool skipping_ = false;  // after an error, up to Sync
  Plan plan_;
  Session::ScatterRequest scatter_;
  std::vector<Waiting> waiting_;
  // By this segment:
  std::map<std::string, ClientStatementRef, std::less<>> defined_;
  std::set<std::string, std::less<>> closed_;
  bool all_closed_ = false;
  ClientStatementRef unnamed_;
  // Prepared on the connection at hand by this segment.
  std::set<uint64_t> fresh_;
  std::map<std::string, Portal, std::less<>> portals_;
  std::string out_;
  std::string restores_;  // a statement to run before what comes next
  bool restores_committed_ = false;  // what it restores was not undone by it
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_EXTENDED_SEGMENT_H_
