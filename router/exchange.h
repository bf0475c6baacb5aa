// One segment's conversation with one server: which answers are expected, which
// of them the client sees, and what they change.
//
// Every message sent to the server is announced with Expect(), in order. Pump()
// relays what has arrived: on the way only frame headers are read, bodies are
// sent on as they came. Answers to messages that the router added are hidden;
// answers that the router gives itself stand in the same queue, so that order
// is kept.
//
// Lives in the frame of the coroutine that runs the segment; one reactor.
#ifndef PGBRAID_ROUTER_EXCHANGE_H_
#define PGBRAID_ROUTER_EXCHANGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "pool/server_connection.h"
#include "router/client.h"
#include "router/prepared_statements.h"
#include "router/routed_query.h"
#include "router/session_state.h"
#include "router/translation.h"
#include "wire/error_response.h"

namespace pgbraid::router {

// The error by which a server says that a prepared statement does not fit the
// tables any more, as DDL has left them.
bool NeedsToBePreparedAgain(const wire::ErrorIdentity& error);

// An answer to come.
struct Expected {
  enum class What : uint8_t {
    kParse,
    kBind,
    kDescribeStatement,
    kDescribePortal,
    kExecute,
    kClose,
    kQuery,         // up to ReadyForQuery
    kFunctionCall,  // up to ReadyForQuery
    kSync,
    kSynthetic,  // `bytes` are sent when its turn comes; nothing was sent
    kRefusal,    // a Parse that fails on purpose: the error is `bytes`
  };
  What what = What::kQuery;
  bool hidden = false;  // the client did not send it
  bool prefix = false;  // counted in ServerConnection::prefix
  // kExecute: with the Parse and Bind before it, hidden as well, the BEGIN of a
  // deferred transaction.
  bool begins = false;
  // kQuery, kExecute: what runs. kParse: see `prepared`.
  std::shared_ptr<const RoutedQuery> query;
  // The server's statement that it is about.
  PreparedRef prepared;
  // kDescribe*: the client's, which is told of its columns. kBind and hidden
  // kParse: what the client calls it. Where `defines`: what is defined.
  ClientStatementRef client;
  bool defines = false;     // the client's name for it, once it succeeds
  bool closes = false;      // `name` is undefined
  bool closes_all = false;  // all names are
  std::string name;
  std::string bytes;
  // kQuery: how many statements of the router's stand behind each of the
  // client's in the text (one entry for each, or none at all).
  std::vector<uint8_t> inserted;
  // kQuery: where in the text these stand, in characters from 1 on: what an
  // error says of its position is counted without them.
  struct Insertion {
    uint32_t at = 0;
    uint32_t length = 0;
  };
  std::vector<Insertion> insertions;
  // kQuery: its ReadyForQuery is hidden; the next one's, itself hidden, is
  // shown in its place.
  bool hides_ready = false;
  bool shows_ready = false;
  // What sending it has done to the connection's list of prepared statements
  // (by id, 0: nothing): undone if the server skips it.
  uint64_t adds = 0;
  uint64_t drops = 0;
  bool drops_all = false;
  bool unnamed = false;  // kParse, kDescribeStatement: of the unnamed statement
  // The text was changed on its way; null: it was not.
  std::shared_ptr<const Translation> translation;
};

// Errors by which a standby says that it can't do what a primary could, or that
// recovery got in the way, or its last words while it shuts down or crashes:
// known by SQLSTATE and source function, never by text.
bool StandbyCannot(const wire::ErrorIdentity& error);

class Exchange {
 public:
  enum class Progress : uint8_t {
    kMoved,    // something was relayed or taken in
    kPending,  // nothing has arrived, or the client must read first
    kDone,     // nothing more is expected
    kLost,     // the server is gone, or does not speak the protocol
  };

  // `connection` may be set later, before anything but synthetic answers is
  // expected.
  Exchange(Client* client, SessionState* state,
           pool::ServerConnection* connection)
      : client_(client), state_(state), connection_(connection) {}

  void set_connection(pool::ServerConnection* connection) {
    connection_ = connection;
  }
  void Expect(Expected expected);

  Progress Pump();

  // Forgets what was expected: the connection is gone.
  void Abandon() {
    expected_.clear();
    head_ = 0;
    pass_bytes_ = 0;
    copying_in_ = false;
    skipping_ = false;
    connection_ = nullptr;
  }

  bool done() const { return head_ == expected_.size(); }
  // Answers that are still to come.
  size_t outstanding() const { return expected_.size() - head_; }
  // The server waits for the client's CopyData.
  bool copying_in() const { return copying_in_; }
  // The client has ended its data: what it sends next is not the COPY's.
  void EndCopy() { copying_in_ = false; }
  // Once after a COPY FROM STDIN began whose Sync had been sent already: the
  // server passes over it, and the client sends another one after its data.
  bool TakeSwallowedSync() { return std::exchange(swallowed_sync_, false); }
  // The deferred BEGIN has failed: the server has skipped what was to run in
  // that transaction. The client, which was told that it is open, is told that
  // it has failed.
  bool begin_failed() const { return begin_failed_; }
  // Once after that, if the client's message was not one that a Sync follows:
  // the server waits for one.
  bool TakeOwedSync() { return std::exchange(owes_sync_, false); }
  // An error has been reported (or will be) in this segment.
  bool failed() const { return failed_; }
  // A row, a notice, a result or an error has gone to the client. Mere
  // acknowledgements don't count: while a retry is possible they are held.
  bool relayed() const { return relayed_; }
  // Anything has gone to the client.
  bool told() const { return told_; }
  // Why Pump() said kLost.
  const Status& loss() const { return loss_; }
  // A COMMIT was on its way when the server was lost.
  bool commit_in_flight() const;

  // With this, an error that says "a standby can't do that" and comes before
  // anything was relayed is not relayed but reported by wants_primary(), and
  // the rest of the answer is dropped.
  void set_may_retry(bool may_retry) { may_retry_ = may_retry; }
  bool wants_primary() const { return wants_primary_; }
  // SQLSTATE and source function of the standby's error that says so, whether
  // it was relayed or not; "" if there was none.
  const std::string& standby_error() const { return standby_error_; }

  // The same for the error that a prepared statement has to be prepared again.
  void set_may_prepare_again(bool may) { may_prepare_again_ = may; }
  bool may_prepare_again() const { return may_prepare_again_; }
  bool wants_to_prepare_again() const { return wants_to_prepare_again_; }

  // Nothing is the client's to see, errors neither.
  void set_silent(bool silent) { silent_ = silent; }

  // The error that comes is the router's doing: the client sees `status`.
  void set_replacement(const Status& status);

  wire::TransactionStatus ready_status() const { return ready_status_; }
  // The last ReadyForQuery was kept back: the session sends it, after the
  // notifications that belong before it.
  bool ready_held() const { return ready_held_; }

 protected:
  enum class Verdict : uint8_t { kRelay, kHide };

  Expected* head() {
    return head_ < expected_.size() ? &expected_[head_] : nullptr;
  }
  void Pop();
  // Answers of the router's own whose turn has come.
  void SendSynthetic();
  Verdict Handle(char type, std::string_view body);
  Verdict HandleComplete(std::string_view body);
  Verdict HandleError(std::string_view body);
  Verdict HandleReady(std::string_view body);
  Verdict HandleParameter(std::string_view body);
  void HandleSuspended();
  void HandleCopyIn();
  // The client's statement that runs under `expected` now; null if none does.
  const sql::Statement* Running(const Expected& expected) const;
  Verdict HandleNotification(std::string_view body);
  void SkipToSync();
  // The same for a Query and a FunctionCall, if BEGIN has failed.
  void SkipTransaction();
  // An error's or answer's bytes of the router's own making.
  void Tell(std::string_view bytes);
  bool MayStartOver() const { return may_retry_ || may_prepare_again_; }
  bool StartsOver() const { return wants_primary_ || wants_to_prepare_again_; }
  void Define(const Expected& expected);
  void Undo(const Expected& expected);
  void HandleParameters(std::string_view body);
  void HandleColumns(uint64_t shape);
  void HandlePrepared(const sql::Statement& statement,
                      const Expected& expected);
  // The error as the client has to see it, if that is not as it came.
  std::string OwnError(const Expected& expected, std::string_view body) const;
  bool Consume(std::string_view input);
  void Relay(std::string_view bytes);
  Progress Lose(Status why);

  Client* const client_;
  SessionState* const state_;
  pool::ServerConnection* connection_;

  absl::InlinedVector<Expected, 2> expected_;
  size_t head_ = 0;
  size_t statement_ = 0;      // of the kQuery at the head
  size_t inserted_left_ = 0;  // of the router's own behind that, to be hidden
  size_t made_ = 0;           // of its statements that PREPARE has made
  size_t pass_bytes_ = 0;     // of a large message, still to be relayed
  bool pass_hidden_ = false;  // ... or to be dropped
  bool copying_in_ = false;
  bool swallowed_sync_ = false;
  bool failed_ = false;
  bool relayed_ = false;
  bool told_ = false;
  bool may_retry_ = false;
  std::string replacement_;  // an ErrorResponse, or empty
  std::string held_;  // acknowledgements, while may_retry_ and not relayed_
  bool wants_primary_ = false;
  bool may_prepare_again_ = false;
  bool wants_to_prepare_again_ = false;
  bool silent_ = false;
  bool begin_failed_ = false;
  bool owes_sync_ = false;
  bool skipping_ = false;  // the server skips what it gets, up to Sync
  std::string standby_error_;
  wire::TransactionStatus ready_status_ = wire::TransactionStatus::kIdle;
  Status loss_;
  bool ready_held_ = false;
  std::string last_words_;  // of a server that ends the connection
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_EXCHANGE_H_
