// One client, from its first byte to its last: the way of a query reads here
// from top to bottom.
//
//   Run -> LogIn (a replication connection: -> RelayReplication)
//       -> Serve: a message arrives
//     Query            -> RunQuery     (session_query.cc)
//     Parse, Bind ...  -> RunSegment   (session_extended.cc)
//   recognise -> answer locally, or plan -> Acquire a server connection
//   (session_acquire.cc) -> Exchange relays (session_relay.cc) -> EndSegment
//
// Lives in the frame of its own coroutine (Run); one reactor's.
#ifndef PGBRAID_ROUTER_SESSION_H_
#define PGBRAID_ROUTER_SESSION_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/task.h"
#include "pool/host_pool.h"
#include "router/channel_hub.h"
#include "router/client.h"
#include "router/exchange.h"
#include "router/large_message.h"
#include "router/plan.h"
#include "router/sequence_home.h"
#include "router/session_state.h"
#include "router/translation.h"
#include "router/worker.h"
#include "wire/frame.h"
#include "wire/startup.h"

namespace pgbraid::router {

// A server connection that the session holds, and what it is.
struct HeldLease {
  pool::Lease lease;
  int shard = -1;
  int host = -1;
  bool standby = false;
  bool pinned = false;  // a scatter's, that stays with the session afterwards
  bool apart = false;   // beside what the session keeps, for one read

  explicit operator bool() const { return static_cast<bool>(lease); }
  pool::ServerConnection* operator->() const { return lease.get(); }
};

// How an attempt to run something ended.
enum class Attempt : uint8_t {
  kDone,       // the client has its answer, or is gone
  kOnPrimary,  // once more, on the primary: a standby could not
  kAgain,      // once more: what was prepared before does not fit any more
};

class Session : private Subscriber {
 public:
  // Serves the client behind `fd` until it or the router ends the session.
  static net::Task<void> Run(Worker* worker, int fd);

  // Cancels what the client runs now, wherever that is: on servers, or while it
  // waits for one. From another connection's cancel request. Does nothing while
  // the client runs nothing.
  void Cancel();

  // What a scatter has learnt so far (session_scatter.cc).
  struct Gathered;

 private:
  Session(Worker* worker, int fd);
  ~Session();

  // session_startup.cc
  // Gets the startup packet; false if there will be none.
  net::Task<bool> AwaitStartup(std::string* packet, TimePoint deadline);
  net::Task<bool> ReadStartup(std::string* packet, TimePoint deadline);
  bool AsksForTlsDirectly() const;
  net::Task<bool> StartTls(bool directly, TimePoint deadline);
  // Refuses a client in clear text where that is not allowed.
  bool MissesTls();

  // session_login.cc
  net::Task<bool> LogIn();
  net::Task<Status> Authenticate(std::string user, TimePoint deadline);
  net::Task<StatusOr<std::string>> ReadPassword(TimePoint deadline);
  net::Task<Status> BeginSession(std::string packet, TimePoint deadline);
  Status ApplyStartup(const wire::StartupPacket& packet);
  net::Task<Status> LearnParameters();
  void Greet(const pool::ParametersRef& parameters);
  void Fatal(const Status& status);

  // session_replication.cc
  // The shard whose name was given ("": none). Errors: 0A000 where one has to
  // be named, 22023 for a name that is none.
  StatusOr<int> ReplicatedShard(std::string_view name) const;
  // Opens the client's own connection to the primary, which it holds from then
  // on. `packet` points into what the caller keeps.
  net::Task<Status> BeginReplication(wire::StartupPacket packet,
                                     wire::Replication kind);
  // Relays until one side ends, or the primary is deposed.
  net::Task<void> RelayReplication();

  // session.cc
  net::Task<void> Serve();
  // What servers that the session keeps say between its statements
  // (notifications, the end of the session) goes to the client. True if
  // something did.
  bool PumpIdleServers();
  bool PumpIdleServer(HeldLease* held);
  // A server connection that the session keeps is known to be lost.
  bool lost_kept() const;
  void EndDeferredTransaction(bool commit, bool chain);
  // Asks the servers that work for the client now to cancel.
  void CancelOnServers();
  // The same later, if it had to wait for what the router has put before the
  // client's statement.
  void CancelIfDue() {
    if (cancel_due_) CancelOnServers();
  }
  net::Task<void> EndSegment(Exchange* exchange);
  net::Task<void> Probe();
  // Settings that code may have made unseen since the last probe. Waits for
  // catalogs that show that code, for a while.
  net::Task<sql::CustomSettings> JudgeCode();
  // What Probe() asks: all that may be left on a connection.
  std::string ProbeSql(const sql::CustomSettings& custom) const;
  void ReleaseLease();
  // session_pins.cc
  // Why the session keeps its connection has changed: with --log_pins a line
  // in the log.
  void NotePins();
  // The session ends: nothing of it may reach another client.
  void DropLeases();
  // The client sees `status` as the error of what it asked, in a simple query
  // or where the whole segment is over.
  void RefuseSegment(const Status& status);
  void LogRoute(const Plan& plan, std::string_view text) const;
  // A standby could not do what it was asked (or was lost): `answer` says whose
  // answer the client gets instead.
  void LogStandbyError(std::string_view error, std::string_view answer) const;
  // A message that is too large to be waited for is arriving.
  bool HasLargePart() const;
  // Handles it as far as it is here. False if it has to be held whole.
  net::Task<bool> HandlePart();
  // 54000 if such a message is larger than this router takes; else makes room
  // for it.
  Status CheckSize(const wire::FrameHeader& header);

  // session_relay.cc
  // Relays until the exchange is over. False if the client has gone: the
  // session ends.
  net::Task<bool> Relay(Exchange* exchange);
  // What the client sends meanwhile, as far as the server wants it.
  enum class Input : uint8_t { kMoved, kNone, kEnd };
  Input PassInput(Exchange* exchange);
  Input PassCopyData(Exchange* exchange);
  // A message during COPY FROM STDIN, its data apart. False if the session has
  // to end.
  bool PassCopyMessage(const wire::Frame& frame, Exchange* exchange);
  // The server is gone in mid-segment: what the client is told.
  Status LossError(const Exchange& exchange) const;
  // Gives up the lost connection and reports it. False if the session ends with
  // it, since a transaction was open.
  bool ReportLoss(const Exchange& exchange);

  // session_acquire.cc
  const StatementContextRef& Context();
  // Applies what the session and its transaction add to a statement's plan.
  // `apart`: see MayReadApart().
  Plan Restrict(Plan plan, bool apart) const;
  int ShardOf(const Plan& plan) const;
  // How fresh the plan's reads must be; strong: not for a standby.
  pool::Consistency ReadsOf(const Plan& plan) const;
  // `advances`: a sequence, perhaps.
  bool TryAcquire(int shard, pool::Consistency reads, bool advances = false);
  net::Task<Status> Acquire(int shard, pool::Consistency reads,
                            bool advances = false, bool sequence_home = false);
  // The connection that a plan asks for, as held_.
  net::Task<Status> AcquireFor(const Plan& plan);
  // A connection to a standby that may serve such a read; empty if there is
  // none, or the client has cancelled.
  net::Task<HeldLease> BorrowStandby(int shard, pool::Consistency reads,
                                     TimePoint deadline);
  net::Task<StatusOr<HeldLease>> Borrow(int shard, pool::Consistency reads,
                                        TimePoint deadline,
                                        bool advances = false);
  // The same with the session's settings applied. One that turns out to be lost
  // is replaced by another, as long as there is time.
  net::Task<StatusOr<HeldLease>> BorrowReady(int shard, pool::Consistency reads,
                                             TimePoint deadline,
                                             bool advances = false);
  // Gives an idle connection the session's settings. On an error it is retired.
  net::Task<Status> SyncEnvironment(pool::ServerConnection* connection);
  void TellParameters(const pool::ServerConnection& connection);
  net::Task<Status> AwaitCatalogs();
  // With one shard, while catalogs are being read after DDL: whether a read
  // that the primary would get might go to a standby once they are there.
  bool NewerCatalogsMayHelp(const Recognized& recognized);
  // Waits for them, --catalog_wait at most.
  net::Task<void> AwaitNewerCatalogs();
  // The statements of a deferred transaction. BEGIN goes by the extended
  // protocol: if it fails, the server skips all that follows, up to Sync. The
  // others are one hidden Query each.
  void AppendDeferred(std::string* out, Exchange* exchange);
  void AppendBegin(std::string_view statement, std::string* out,
                   Exchange* exchange);
  // A hidden Query of the router's own before the client's statement.
  void AppendPrefix(std::string_view statement, std::string* out,
                    Exchange* exchange);

  // session_temporary.cc
  // The session keeps its connection to the primary for nothing that a read
  // has to see, but for temporary objects.
  bool KeepsOnlyWhatReadsCanMiss() const;
  // Whether a session that keeps its connection may ask a standby for this all
  // the same: it has no part in what is kept. `translation` may be null.
  bool MayReadApart(const RoutedQuery& query, std::string_view text,
                    const Translation* translation) const;
  // Whether that depends on the names of the session's temporary objects, which
  // are not known.
  bool WantsTemporaryNames(const RoutedQuery& query);
  net::Task<void> LearnTemporaryNames();
  // Whether there is, or may soon be, a standby for the session's next read.
  bool HasStandby();

  // session_sequences.cc
  // Whether what the plan reads of sequences is known on `target`; else why it
  // is refused.
  Status CheckSequences(const Plan& plan, const HeldLease& target) const;
  net::Task<StatusOr<HeldLease>> BorrowSequenceHome(TimePoint deadline);
  pool::SequenceWish WishFor(int shard, int host, bool advances) const;
  // Of the statements that it executes.
  void DefineCustomOf(const Translation& translation);
  // Before the plan's statement is sent: whether DISCARD SEQUENCES has to be
  // sent first.
  bool TakeSequenceTurn(const Plan& plan);
  void AppendSequenceTurn(const Plan& plan, std::string* out,
                          Exchange* exchange);

  // session_local.cc
  struct LocalAnswer {
    bool handled = false;
    std::string messages;         // without ReadyForQuery
    std::string row_description;  // for Describe
    Status error;
  };
  // What the router answers without a server, executed now.
  LocalAnswer AnswerLocally(const Recognized& recognized,
                            std::string_view text);
  // The same without executing: whether it would. `joined`: a server connection
  // has part in this segment already, so that it has to hear of transactions.
  bool IsLocal(const Recognized& recognized, bool joined) const;
  // The RowDescription of what it would answer, or "".
  std::string DescribeLocal(const Recognized& recognized) const;
  LocalAnswer ExplainRoute(const Recognized& recognized, std::string_view text);
  // A WARNING of the router's, "" where client_min_messages hides it.
  std::string Warn(std::string_view state, std::string_view message) const;
  LocalAnswer OwnSetting(const sql::Statement& statement);

  // session_listen.cc
  // `query` has a LISTEN that the shared listener does not know of yet.
  bool MustSubscribe(const RoutedQuery& query) const;
  net::Task<Status> Subscribe(std::shared_ptr<const RoutedQuery> query);
  // Gives up the subscriptions that are not (or no longer) listened to.
  void DropSubscriptions();
  void StopListening();
  // Sends what waits; between transactions only.
  void DeliverNotifications();
  // After each segment.
  void EndListeningSegment();
  void OnNotification(const HeardNotification& heard) override;
  void OnListenerLost(const Status& why) override;
  // Ends the session with this error once its segment is over.
  void EndSoon(Status why);
  // Sends the ReadyForQuery that the exchange has held, after the session's own
  // notifications. True if those are all told.
  net::Task<bool> SayReady();
  // Makes sure that what the connection's process notifies from now on is this
  // session's doing.
  net::Task<void> LearnWhoNotifies();
  // Passes on what the session's own connection has heard beside an answer.
  void TellHeard();
  // Forgets the notifications of what the open transaction is about to listen
  // to: they are from before its end.
  net::Task<void> ForgetEarly();
  // The connection listens to the session's channels while it is asked for
  // them.
  net::Task<Status> ShowChannels();
  // 0A000 if code of the query may end a LISTEN that is not committed yet.
  Status CheckUnlisten(const RoutedQuery& query) const;
  net::Task<void> UndoListens();

  // session_query.cc
  net::Task<void> RunQuery();
  // Sends the client's Query behind `prefix`, with what restores the startup
  // packet's settings where it resets them. A large one is left to large_.
  void SendQuery(std::string prefix, const wire::Frame& frame,
                 Expected expected, Exchange* exchange);
  // Runs the Query at the front of the input, whose text is `translation`'s if
  // there is one.
  net::Task<Attempt> RunOnServer(
      const Recognized& recognized, Plan plan,
      std::shared_ptr<const Translation> translation);
  // Has the query refused, in the transaction on a server too.
  net::Task<void> RefuseQuery(Status status);
  // A simple query takes the unnamed statement and portal away.
  void ForgetUnnamed();
  static Status InFailedTransaction();

  // session_prepared.cc
  // The client's statement of that name as it is today, or null.
  ClientStatementRef FindPrepared(std::string_view name);
  // Moves a client's statement on to today's settings and catalogs.
  void Renew(const ClientStatementRef& statement);
  // What its text means now.
  void Recognize(const PreparedRef& prepared);
  // What a statement of this text is interned under now.
  PreparedStatements::Key PreparedKey(std::string_view text,
                                      wire::OidList types);
  // Of what the client sends, null if it stays as it is.
  std::shared_ptr<const Translation> TranslateQuery(
      const Recognized& recognized, std::string_view text);
  // The plan of a text that names prepared statements; `values` are those of
  // the text.
  Plan PlanTranslated(const Recognized& recognized,
                      const ExecutionValues& values,
                      const Translation& translation);
  // The plan of an EXECUTE (null: of an unknown name) whose own text has the
  // plan `as_text`.
  Plan PlanExecute(const sql::Statement& statement,
                   const ExecutionValues& values, Plan as_text,
                   const ClientStatementRef& executed);
  // Whether it is a PREPARE that must not give the transaction its shard.
  bool PreparesOutside(const RoutedQuery& query) const;
  // Runs a PREPARE outside of the transaction that has no shard yet.
  net::Task<void> PrepareOutside(
      const Recognized& recognized,
      std::shared_ptr<const Translation> translation);
  // Makes the connection ready for a Query with this translation: kAgain never.
  // kDone: it could not, and the client knows.
  enum class Readiness : uint8_t { kReady, kOnPrimary, kDone };
  net::Task<Readiness> PrepareFor(const Translation& translation,
                                  bool may_retry);
  // Whether a text shows the session's prepared statements when it runs.
  // `translation` may be null.
  bool ShowsPrepared(const RoutedQuery& query, const Translation* translation);
  // Drops the client's own names from the connection at hand.
  net::Task<void> DropOwnNames();
  // Learns what PREPARE has made on the connection at hand.
  net::Task<void> DescribePrepared();
  // A prepared statement did not fit the tables: the catalogs have changed in a
  // way that was not seen.
  void NoteUnseenChange();

  // session_extended.cc
  friend class ExtendedSegment;
  net::Task<void> RunSegment();

  // session_function_call.cc
  net::Task<void> RunFunctionCall();
  // A FunctionCall message, of which the beginning is here, may make settings
  // unseen.
  void SuspectCalled(std::string_view message);
  static Status NoFunctionCalls();

  // session_scatter.cc
  struct ScatterRequest {
    std::string messages;     // ending with Sync, or one Query
    bool hide_parse = false;  // a Parse that the client did not send
    // A Describe that it did not send: it relies on what it was told before.
    bool hide_columns = false;
    ClientStatementRef client;  // null: of a Query
  };
  net::Task<void> RunScatter(ScatterRequest request, Plan plan);
  // How the reading of one shard's answer ended.
  enum class ScatterStep : uint8_t {
    kDone,     // whole, or with an error that stands for the statement's
    kPrimary,  // a standby could not: the primary has to answer instead
    kGone,     // the client has left
  };
  void StartScattered(HeldLease* held, const ScatterRequest& request);
  net::Task<ScatterStep> ReadShard(HeldLease* held, Gathered* gathered,
                                   bool first, bool hide_parse);
  net::Task<ScatterStep> RepeatOnPrimary(HeldLease* held, Gathered* gathered,
                                         bool first,
                                         const ScatterRequest& request);
  // What the session keeps on this shard; empty if that is nothing.
  HeldLease TakePinned(int shard);
  // Gives up what a scatter holds; whatever still runs is cancelled.
  void EndScatter(std::vector<HeldLease>* leases);

  bool server_in_transaction() const {
    return state_->in_transaction() && state_->transaction()->joined;
  }
  // What ReadyForQuery says where no server says it.
  wire::TransactionStatus ReadyStatus() const {
    return deferred() && state_->transaction()->failed
               ? wire::TransactionStatus::kFailed
               : state_->status();
  }
  // In a transaction that no server knows of yet.
  bool deferred() const {
    return state_->in_transaction() && !server_in_transaction();
  }

  Worker* const worker_;
  Client client_;
  // Null before the startup packet, and for a replication connection.
  std::unique_ptr<SessionState> state_;
  HeldLease held_;                 // in use now
  std::vector<HeldLease> pinned_;  // kept between statements
  SequenceHome sequence_home_;
  std::vector<HeldLease*> scattered_;    // of a scatter that runs now
  LargeMessage large_;                   // of the client's, on its way
  ConnectionBudget::Place replication_;  // empty: not that kind
  uint32_t process_ = 0;
  Status end_;  // not OK: the session ends with it
  bool in_segment_ = false;
  // The connection at hand listens to the session's channels for what runs now.
  bool shows_channels_ = false;
  PinReasons noted_pins_ = 0;  // as NotePins() saw them last
  TimePoint pinned_since_;
  bool closing_ = false;
  pool::Interrupt interrupt_;  // of what the client runs now
  bool cancel_due_ = false;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_SESSION_H_
