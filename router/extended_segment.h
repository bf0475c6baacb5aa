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
// A message whose meaning depends on what earlier ones have changed (settings,
// names) waits until those are answered. A Query or FunctionCall inside the
// segment takes part in its transaction and ends it, as in PostgreSQL.
//
// Lives in the frame of Session::RunSegment.
#ifndef PGBRAID_ROUTER_EXTENDED_SEGMENT_H_
#define PGBRAID_ROUTER_EXTENDED_SEGMENT_H_

#include <map>
#include <memory>
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
  // up to its ReadyForQuery (or the end of the session). A simple query or
  // function call that follows before a server has been chosen is left to the
  // session.
  net::Task<void> Run();

 private:
  enum class Step : uint8_t {
    kNext,       // the message was taken
    kMore,       // more has to arrive
    kBusy,       // the server must take, or answer, what it was sent first
    kSettle,     // all that was sent has to be answered first, then again
    kAcquire,    // it needs a server connection first, then again
    kListen,     // ... the shared listener to know of its LISTEN first
    kCommit,     // ... a LISTEN's early notifications to be forgotten first
    kCatalogs,   // ... newer catalogs, which may let a standby serve it
    kTemporary,  // ... the names of the session's temporary objects
    kOutside,    // what waits is to be answered outside of any transaction
    kScatter,    // the segment is one statement for several shards
    kCheck,      // the same, but it must not be looked at meanwhile
    kLeave,      // the message is the session's; the segment is over
    kEnd,        // the session has to end
  };
  // A message that waits for its server connection: what came before it has no
  // answer yet.
  struct Waiting {
    enum class What : uint8_t { kParse, kDescribe, kAnswer };
    What what = What::kAnswer;
    ClientStatementRef client;
    std::shared_ptr<const Translation> translation;  // kDescribe
    Expected answer;  // kAnswer: the router's own
  };
  struct Portal {
    std::shared_ptr<const RoutedQuery> query;
    ClientStatementRef client;
    bool local = false;
    // Null if its text names no other statement.
    std::shared_ptr<const Translation> translation;
    bool done = false;  // local: it has been executed
  };

  // extended_segment.cc
  net::Task<Attempt> RunOnce();
  // Relays until something more can be taken. False if the session has to end.
  net::Task<bool> Advance(Step step, bool* finished);
  // Waits for all answers to what has been sent. False if the attempt is over.
  net::Task<bool> AwaitAnswers();
  // The end of an attempt: all answers are here, or the server is lost.
  net::Task<Attempt> Finish();
  // Gives the connection of a failed attempt back, and takes back what the
  // attempt has defined.
  void PrepareRetry(Attempt again, bool lost);
  // All answers to what was sent are here.
  void Settle();
  net::Task<Status> AcquireTarget();
  // The segment runs on the connection at hand from now on.
  void Join();
  // Has what waits answered by any shard, and leaves that again. False if the
  // client has gone.
  net::Task<bool> DescribeOutside();
  Step TakeMessages();
  Step Take(const wire::Frame& frame);
  // A message that has not arrived whole; `rest` begins with it.
  Step TakePart(std::string_view rest);

  // extended_messages.cc
  Step TakeParse(std::string_view body);
  Step TakeDescribe(std::string_view body);
  Step TakeExecute(const wire::Frame& frame);
  Step TakeClose(std::string_view body);
  Step TakeSync(std::string_view body);
  Step TakeFlush(std::string_view body);
  Step TakeCopy(const wire::Frame& frame);
  void DescribeLocal(const PreparedRef& prepared, bool statement);
  Step ExecuteLocal(const std::string& name, Portal* portal);
  Step DeallocateLocal(const std::string& name);
  // What an Execute does to the names of prepared statements.
  void NoteExecuted(const Portal& portal, Expected* expected);
  // The client is told of the portal's columns.
  void NoteDescribed(const Portal& portal, Expected* expected);
  Step CloseStatement(std::string_view name);
  void Undefine(std::string_view name);
  // The client's statement at this place of the segment, or null.
  ClientStatementRef FindPrepared(std::string_view name);
  // Null if the statement names no other.
  std::shared_ptr<const Translation> TranslateStatement(
      const ClientStatementRef& client);
  // All that the client has prepared at this place of the segment.
  std::vector<ClientStatementRef> AllPrepared() const;
  bool IsLocal(const PreparedRef& prepared);
  Step AskAnyShard();
  Step NeedJoined();

  // extended_simple.cc
  Step TakeQuery(const wire::Frame& frame);
  Step TakeFunctionCall(std::string_view rest);
  // Whether a message of the simple protocol can be looked at now (kNext).
  Step ReadyForSimple();
  // The error of such a message, which ends the segment.
  Step RefuseSimple(const Status& status);

  // extended_bind.cc
  Step TakeBind(const wire::Frame& frame);
  // A Bind too large to be held: goes on to the server as soon as the values
  // that decide where are here.
  Step TakeLargeBind(std::string_view rest);
  Status CheckBind(const wire::BindMessage& bind,
                   const ClientStatementRef& client);
  void BindLocally(const wire::BindMessage& bind,
                   const ClientStatementRef& client,
                   std::shared_ptr<const Translation> translation);
  // Where the Bind goes: kNext if it goes to the connection at hand.
  Step Place(Plan plan, const ClientStatementRef& client,
             const wire::BindMessage& bind, size_t after, bool translated);
  // Translates everything of the Bind but its values.
  void SendBindHead(const wire::BindMessage& bind,
                    const ClientStatementRef& client,
                    const std::shared_ptr<const Translation>& translation,
                    size_t rest_bytes);
  Plan PlanBind(const ClientStatementRef& client, const wire::BindMessage& bind,
                const Translation* translation, bool* missing);
  // A client that relies on the columns it was told of must not get others:
  // kNext if the connection gives these.
  Step CheckColumns(const ClientStatementRef& client, bool unnamed);
  // Whether the message after this one describes its portal.
  bool DescribesNext(size_t after, std::string_view portal) const;
  // What is left of the segment, from this place of the client's input on.
  enum class Ending : uint8_t {
    kPlain,    // all here, and nothing that needs a plan of its own
    kOther,    // more than that, or too much to be kept
    kUnknown,  // not all here, and no answer is due before it is
  };
  Ending EndingFrom(size_t from) const;
  // Makes the request of a statement for several shards, if it is alone in its
  // segment, all of which is here from `from` on.
  Step PrepareScatter(const ClientStatementRef& client,
                      const wire::BindMessage& bind, const Plan& plan,
                      size_t from);
  // What a Bind of a read asks for, so that a standby may serve it; kNext if it
  // is nothing.
  Step PrepareRead(const Recognized& read);
  // What a Bind of `query` asks for because of the session's channels; kNext if
  // it is nothing.
  Step PrepareChannels(const std::shared_ptr<const RoutedQuery>& query);

  // The client sees `status`; what follows up to Sync is skipped, and what the
  // segment has done on a server is undone. What waits is answered first.
  Step Refuse(const Status& status);
  // The same at once: what waits is given up.
  void Fail(const Status& status);
  // The same with the whole ErrorResponse, where the segment is bound.
  void FailBound(std::string error);
  // The segment's end on its server, if it has one.
  void End();
  // The router's own answer, in its turn.
  void Answer(Expected answer);
  void Answer(std::string bytes);

  // extended_translation.cc: for the server connection at hand.
  void SendWaiting();
  void SendParse(const ClientStatementRef& client);
  void AppendParse(std::string_view name, const PreparedStatement& prepared);
  void SendDescribe(const ClientStatementRef& client,
                    const std::shared_ptr<const Translation>& translation);
  // What a translated text names is there.
  void PrepareFor(const Translation* translation);
  void SendTranslation(const ClientStatementRef& client,
                       const std::shared_ptr<const Translation>& translation);
  void EnsurePrepared(const ClientStatementRef& client);
  // The unnamed statement is this one.
  void EnsureUnnamed(const ClientStatementRef& client);
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
  ClientStatementRef unnamed_before_;
  size_t cursor_ = 0;        // of the client's input: what has been taken
  bool keep_input_ = false;  // for a second attempt
  bool may_retry_ = false;   // on the primary, if this server fails
  bool whole_ = false;  // all of it is here, and its first Bind the only one
  bool primary_only_ = false;
  bool prepared_again_ = false;
  bool bound_ = false;      // held_ is this segment's connection
  bool synced_ = false;     // the segment's end has been taken
  bool skipping_ = false;   // after an error, up to Sync
  bool answered_ = false;   // something of it has been done for good
  bool unsettled_ = false;  // what was sent may change what follows means
  bool awaited_catalogs_ = false;  // for the message that is taken next
  bool flushed_ = false;           // all that was sent is followed by Flush
  // A statement for several shards is followed by Flush: so far by nothing, and
  // by no Sync in good time.
  bool awaits_sync_ = false;
  bool sync_is_late_ = false;
  bool forgot_early_ = false;
  bool show_channels_ = false;  // on the connection, before anything is sent
  std::shared_ptr<const RoutedQuery> listens_;  // of Step::kListen
  Plan plan_;
  Session::ScatterRequest scatter_;
  std::vector<Waiting> waiting_;  // the first one is not the router's own
  // By messages of this segment whose answers are not all here:
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
