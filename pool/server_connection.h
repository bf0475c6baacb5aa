// One authenticated connection to one PostgreSQL server.
//
// Owned by a HostPool while idle and by a Lease while in use; belongs to one
// reactor. Between a lease's statements nobody reads from it but its holder.
#ifndef PGBRAID_POOL_SERVER_CONNECTION_H_
#define PGBRAID_POOL_SERVER_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "net/stream.h"
#include "pool/credentials.h"
#include "pool/environment.h"
#include "pool/parameters.h"
#include "pool/prepared_names.h"
#include "wire/protocol.h"
#include "wire/random.h"

namespace pgbraid::pool {

// What the connections of one reactor share.
struct ReactorTables {
  EnvironmentTable environments;
  ParametersTable parameters;
  uint64_t last_connection = 0;
  uint64_t last_sequence_turn = 0;
};

// Rows of an internal query, as text.
struct ResultRows {
  std::vector<std::vector<std::optional<std::string>>> rows;
};

// How far a cancel request for a connection has come.
enum class CancelProgress : uint8_t {
  kNone,    // there is none on its way
  kQueued,  // not sent yet
  kSent,    // may arrive at any time
};

class ServerConnection {
 public:
  struct Target {
    net::Address address;
    std::string database;
    ServerLogin login;
    // More of the startup packet, in order; names must not be empty.
    std::vector<std::pair<std::string, std::string>> startup = {};
    // The connection is a walsender's (`startup` says so): it need not know SQL
    // and is not asked about its life.
    bool replication = false;
  };

  // Connects, logs in and learns which life of the server it talks to. Errors:
  // 08006 where the server can't be reached or ends the connection, what the
  // server says otherwise (28P01, 3D000, 53300 ...). `tables` and `random`
  // outlive the connection.
  static net::Task<StatusOr<std::unique_ptr<ServerConnection>>> Open(
      net::Reactor* reactor, Target target, ReactorTables* tables,
      wire::RandomSource* random, TimePoint deadline);

  // Closes the socket. Where the server may still be at work, close with
  // Canceller::Close instead: a lost socket alone frees no locks.
  ~ServerConnection();

  // Ends the connection in its holder's hands, who sees it as lost: nothing is
  // sent to the server any more. `why` is what LossError() says then.
  void Revoke(Status why);

  // 08006: that the connection was lost, with `last_words` of the server if it
  // had any; or why it was revoked.
  Status LossError(std::string_view last_words = {}) const;

  // Runs `sql` by itself (settings, probes, monitors) and reads its answer up
  // to ReadyForQuery. Nothing else may be under way. ParameterStatus is taken
  // in. Takes over the stream's waiter: attach your own again afterwards.
  net::Task<StatusOr<ResultRows>> Run(std::string sql, TimePoint deadline);

  // The same for messages that are encoded already and end with one Sync or
  // are one Query.
  net::Task<StatusOr<ResultRows>> RunMessages(std::string messages,
                                              TimePoint deadline);

  // Takes in a ParameterStatus. True if the value is new.
  bool NoteParameter(std::string_view name, std::string_view value);

  // Nothing is under way, no transaction is open, and no trace of a client that
  // can't be taken away: it may serve anybody.
  bool reusable() const {
    return !retired && !worn && !own_names && !busy && partial.empty() &&
           transaction_status == wire::TransactionStatus::kIdle &&
           !stream->broken();
  }

  net::Stream* get_stream() const { return stream.get(); }
  const net::Address& address() const { return target_.address; }
  const std::string& database() const { return target_.database; }
  const std::string& user() const { return target_.login.user; }

  // Whose identity it was made for; set and read by its pool.
  const struct Identity* owner = nullptr;
  // Its place among those that the pool has lent out; the pool's.
  size_t lent_at = 0;
  // Not counted in the pool's limit, never lent to another; the pool's.
  bool dedicated = false;

  // Cancel requests for it; the canceller's.
  CancelProgress cancel = CancelProgress::kNone;
  net::Waiter* cancel_waiter = nullptr;

  // Facts from the login.
  uint32_t process_id = 0;
  std::string cancel_key;
  // Differs between the server's lives, also between those that a crash of one
  // backend separates.
  int64_t incarnation = 0;
  bool in_recovery_at_login = false;

  // Unlike any other connection's of this reactor, ever.
  const uint64_t id;

  // State, kept up to date by whoever holds the lease.
  std::unique_ptr<net::Stream> stream;
  std::string partial;  // bytes of a message that has not arrived whole
  EnvironmentRef environment;
  ParametersRef parameters;
  wire::TransactionStatus transaction_status = wire::TransactionStatus::kIdle;
  bool busy = false;  // an answer is still to come
  // Answers still to come to what the router has put before the client's
  // statement (BEGIN). A cancel must not hit those: the statement would run
  // without them.
  int prefix = 0;
  bool retired = false;  // must not serve another client
  // It shows for good whom it has served, as an empty temporary schema does:
  // its client may go on with it, nobody else.
  bool worn = false;
  // Something ran that may have changed its state unseen: probed before it
  // serves anybody else.
  bool tainted = false;
  // Newer logins are given other defaults: not used again.
  bool outdated = false;
  // Whose sequences currval() speaks of here: the number of the session's last
  // turn (see router/sequence_home.h), and what ends when that session does not
  // ask for them here any more. has_sequences: whether it speaks of anything.
  uint64_t sequence_turn = 0;
  std::weak_ptr<const void> sequence_owner;
  bool has_sequences = false;
  // Channels for which LISTEN has run here although the shared listener hears
  // them: to be taken back before it serves anybody else.
  std::vector<std::string> listens;
  // Transactions of others have written here, whose notifications the shared
  // listener may not have told of yet.
  bool others_wrote = false;
  // NotificationResponses that came where nobody was listening for them (in
  // Run() too), whole: for the holder to pass on or to forget.
  std::string heard;
  PreparedNames prepared;
  // Its client's statements are prepared here under their own names, beside
  // `prepared`: they are dropped before it serves another.
  bool own_names = false;
  uint64_t unnamed_statement = 0;  // id of the text in the unnamed statement
  uint64_t unnamed_shape = 0;      // see PreparedNames::Shape

 private:
  ServerConnection(net::Reactor* reactor, Target target, ReactorTables* tables);

  // server_connection_tls.cc
  net::Task<Status> Encrypt(TimePoint deadline);
  net::Task<Status> LogIn(wire::RandomSource* random, TimePoint deadline);
  net::Task<Status> Authenticate(wire::RandomSource* random,
                                 TimePoint deadline);
  net::Task<Status> LearnIncarnation(TimePoint deadline);
  // One whole message, copied: {type, body}.
  struct Message {
    char type = 0;
    std::string body;
  };
  net::Task<StatusOr<Message>> Next(TimePoint deadline);
  Status Lost(std::string_view why) const;

  Status revoked_;  // OK: not
  net::Reactor* const reactor_;
  const Target target_;
  ReactorTables* const tables_;
  net::Waiter waiter_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_SERVER_CONNECTION_H_
