// What a session is apart from its sockets: who, which settings, which
// transaction, which prepared statements, how fresh its reads must be.
//
// Plain state with the rules by which completed statements change it; owned by
// its session, reactor thread only. Small: an idle client is little more than
// this.
#ifndef PGBRAID_ROUTER_SESSION_STATE_H_
#define PGBRAID_ROUTER_SESSION_STATE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "pool/environment.h"
#include "pool/host_pool.h"
#include "pool/shard_hosts.h"
#include "router/listening.h"
#include "router/prepared_statements.h"
#include "router/recognizer.h"
#include "router/temporary_names.h"
#include "sql/code.h"
#include "wire/bind.h"
#include "wire/protocol.h"

namespace pgbraid::router {

// What the clients of one user and database share, within one reactor.
struct ClientIdentity {
  std::string user;         // as the client gave it
  std::string database;     // as the client gave it
  std::string server_user;  // who it is on the servers
  // Per shard: the server's user and database.
  std::vector<std::unique_ptr<pool::Identity>> servers;
  // The newest snapshot of the database in this reactor, and the number of the
  // last DDL that has passed through (SnapshotSource::Marks()).
  const RoutingSnapshotRef* snapshot = nullptr;
  const std::atomic<uint64_t>* marks = nullptr;
  // Counts the changes of the catalogs that are known in this process.
  std::atomic<uint64_t>* changes = nullptr;
  // The epoch of a snapshot whose successor a read has waited for in vain: it
  // is not waited for again.
  uint64_t waited_in_vain = 0;
  // What servers report under an environment, once it has been applied.
  absl::flat_hash_map<pool::EnvironmentRef, pool::ParametersRef> reported;

  // Whether `snapshot` shows all DDL that has passed through.
  bool catalogs_fresh() const {
    return (*snapshot)->covers >= marks->load(std::memory_order_acquire);
  }
};

// Settings as SET made them, and as SET LOCAL overlays them.
struct Settings {
  pool::EnvironmentRef session;
  pool::EnvironmentRef effective;
  // pgbraid.consistency, likewise.
  pool::Consistency session_consistency = pool::Consistency::kSession;
  pool::Consistency consistency = pool::Consistency::kSession;
};

// A transaction that the client has begun.
struct Transaction {
  // Statements answered by the router that have to run first on the shard that
  // joins: BEGIN, SAVEPOINT, SET LOCAL.
  std::vector<std::string> deferred;
  bool read_only = false;
  sql::Statement::Isolation isolation = sql::Statement::Isolation::kDefault;
  // A server knows of it (or is just being told).
  bool joined = false;
  // Refused by the router before a shard joined: nothing but its end is taken.
  bool failed = false;
  Settings at_begin;
  std::vector<std::pair<std::string, Settings>> savepoints;
  // Texts of open portals, for what their Execute does.
  std::map<std::string, std::shared_ptr<const RoutedQuery>, std::less<>>
      portals;
};

// Reasons for which a connection stays with its client (bits).
using PinReasons = uint32_t;
inline constexpr PinReasons kPinSessionPooling = 1u << 30;
inline constexpr PinReasons kPinSqlPrepared = 1u << 29;
// Custom settings that nobody knows the names of.
inline constexpr PinReasons kPinUnknownSettings = 1u << 28;
constexpr PinReasons PinBit(sql::Pin pin) {
  return pin == sql::Pin::kNone ? 0 : 1u << static_cast<int>(pin);
}
// "temporary table, advisory lock".
std::string DescribePins(PinReasons reasons);

class SessionState {
 public:
  SessionState(pool::EnvironmentTable* environments, ClientIdentity* identity,
               pool::Consistency consistency, int shard_count);

  // The transaction's status as the client knows it.
  wire::TransactionStatus status() const { return status_; }
  bool in_transaction() const {
    return status_ != wire::TransactionStatus::kIdle;
  }
  Transaction* transaction() { return transaction_.get(); }

  // Opens a transaction that no server knows of yet.
  void BeginDeferred(const sql::Statement& statement, std::string text);
  // Ends a transaction that no server ever joined.
  void EndDeferred(bool commit);
  // The server could not begin it: it has failed, and no server knows of it.
  void BeginFailed();
  // Notes that a transaction is open, as a server reports.
  Transaction& EnsureTransaction();

  // A statement has been completed, with this tag. Changes settings,
  // savepoints, pins, prepared statements as PostgreSQL did. `connection` is
  // where it ran (null: nowhere).
  void Completed(const sql::Statement& statement, std::string_view tag,
                 pool::ServerConnection* connection);

  // A query is about to run: the custom settings that it makes are taken to
  // exist from now on, unless a probe finds that it never came to make them,
  // and those that it may make unseen are kept for the next probe (suspects).
  void DefineCustom(const RoutedQuery& query) {
    if (query.names_custom_settings()) DefineCustomOf(query);
  }
  // Whether that has made new ones since this was asked last. If the query
  // fails, only a probe knows which of them its connection has.
  bool TakeDefinedCustom() { return std::exchange(defined_custom_, false); }
  const std::vector<std::string>& custom_settings() const { return custom_; }
  std::vector<std::string> suspects;
  // The same for set_config() with names that its parameters give.
  // `bind.values` may lack some: then nobody knows.
  void SuspectParameters(const RoutedQuery& query,
                         const wire::BindMessage& bind,
                         std::span<const wire::Oid> types);
  void SuspectAny() { suspects_any_ = true; }
  void SuspectCode(std::shared_ptr<const sql::Code> code);

  // Code has run unseen since the last probe.
  bool HasRunCode() const { return !ran_.empty(); }
  // Judges what has run since: settings of known names are added to `names`; if
  // there may be others (names->unknown), the connection at hand stays with the
  // session, and must serve nobody else after it. `fresh`: `catalog` shows all
  // that is known to have changed.
  void Judge(const sql::Catalog* catalog, bool fresh,
             sql::CustomSettings* names);

  // SET pgbraid.consistency. An error if there is no such value.
  Status SetConsistency(const sql::SettingChange& change);
  pool::Consistency consistency() const { return settings.consistency; }

  // What a connection was found to have (or a startup packet asks for) is what
  // the session has. Its custom settings are those that exist.
  void Found(const pool::EnvironmentRef& environment);

  // A statement has begun to run and failed there. Its transaction undoes most
  // of what it did, but not a lock that it took or a library that it loaded.
  void Failed(const sql::Statement& statement,
              pool::ServerConnection* connection);

  // What the statement resets and the client's startup packet had set: the
  // statement (one SELECT) that makes it so again on the same connection, or ""
  // if there is none.
  std::string Restores(const sql::Statement& statement) const;

  // A Query, or what goes up to Sync, begins: outside of a transaction it is an
  // implicit one, which falls back to the settings of now.
  void BeginSegment();
  // ReadyForQuery: what the server says of the transaction now. `failed`: an
  // error has been reported in this segment.
  void Ready(wire::TransactionStatus status, bool failed);

  Settings settings;
  pool::EnvironmentRef startup;  // what RESET goes back to
  pool::ParametersRef told;      // what the client has been told
  StatementContextRef context;   // for settings.effective and told

  ClientIdentity* identity;
  pool::Consistency startup_consistency;
  uint32_t process = 0;  // the process number that the client knows itself by
  PinReasons pins = 0;
  // What a login is given has been changed in the open transaction.
  bool changed_logins = false;
  // DDL has run in the open transaction (or the one that ends now).
  bool changed_catalog = false;
  // Null: not known. Known only until something runs that may change them.
  std::unique_ptr<const TemporaryNames> temporary_names;
  std::unique_ptr<PreparedNamesOfClient> prepared;  // null: none
  ClientStatementRef unnamed;
  // Made by PREPARE on the connection at hand, which has not described them
  // yet.
  std::vector<ClientStatementRef> undescribed;

  // The client's statement of that name, or null.
  ClientStatementRef FindPrepared(std::string_view name) const;
  void Define(const std::string& name, ClientStatementRef statement);
  void Undefine(std::string_view name);

  // Under which prepared statements are looked up now.
  CatalogVersion catalog_version() const {
    return {seen_changes_, own_changes_};
  }
  // Takes in the changes known by now. Others may cause them at any time: a
  // text must not be translated, and what it names prepared, under two of them.
  void LookAtChanges() {
    if (identity->changes == nullptr) return;
    seen_changes_ = identity->changes->load(std::memory_order_acquire);
  }
  // A statement arrives: its plan has to show all DDL that has passed through
  // by now. What comes later is concurrent to it.
  void NeedCatalogs() {
    if (identity->marks == nullptr) return;
    needed_mark_ = identity->marks->load(std::memory_order_acquire);
  }
  uint64_t needed_mark() const { return needed_mark_; }
  // Whether the snapshot is as new as that.
  bool has_needed_catalogs() const {
    return (*identity->snapshot)->covers >= needed_mark_;
  }
  // The catalogs have changed, as far as prepared statements are concerned.
  void NoteCatalogChange();

  // Set by LISTEN; null for a session that never has, or not any more.
  std::unique_ptr<Listening> listening;
  // The open transaction (or the one that ends now) may have written, and so
  // may have notified.
  bool wrote = false;

  // LISTEN goes through the shared listener. Else the server connection keeps
  // it: in session pooling, and where payloads have to be converted for this
  // client.
  bool shares_listener() const {
    return (pins & kPinSessionPooling) == 0 && ReadsServerEncoding();
  }
  // The client reads text as the server holds it.
  bool ReadsServerEncoding() const;
  // The message by which the client is told of a notification (a message's
  // body) that came on its own server connection; "" if it is not this
  // session's, or the shared listener tells it.
  std::string NotificationFrom(const pool::ServerConnection& connection,
                               std::string_view body) const;

  pool::SessionFreshness& freshness(int shard);

  // Notes that `reported` is what the client sees from now on; the
  // ParameterStatus messages that tell it so, or "".
  std::string Tell(const pool::ParametersRef& reported);

 private:
  void DefineCustomOf(const RoutedQuery& query);
  void DefineCustom(std::string name);
  pool::EnvironmentRef WithCustom(pool::EnvironmentRef environment) const;
  void ApplySetting(const sql::SettingChange& change);
  // Whether it is a SET LOCAL over what this transaction has reset: the commit
  // leaves the login's value there, but as one that the session has set (guc.c,
  // AtEOXact_GUC). The probe finds it.
  bool OverlaysReset(const sql::SettingChange& change) const;
  bool HearsOnConnection(std::string_view channel) const;
  void ChangeChannels(const sql::Statement& statement,
                      pool::ServerConnection* connection);
  void DiscardAll();
  void NoteChangesOf(const sql::Statement& statement);
  // The prepared statement that an EXECUTE runs, as the client prepared it;
  // null if `statement` is no EXECUTE, or that is not known.
  const sql::Statement* ExecutedBy(const sql::Statement& statement) const;
  // It may have run code that nobody has looked into.
  void NoteCode(const sql::Statement& statement, bool completed);
  // What the statement leaves on its connection.
  void NoteKept(const sql::Statement& statement,
                pool::ServerConnection* connection);
  void RollBackTo(const std::string& savepoint);
  void Release(const std::string& savepoint);
  void End(bool committed, bool chain);

  pool::EnvironmentTable* const environments_;
  const int shard_count_;
  uint64_t own_changes_ = 0;
  uint64_t seen_changes_ = 0;
  uint64_t needed_mark_ = 0;
  wire::TransactionStatus status_ = wire::TransactionStatus::kIdle;
  std::unique_ptr<Transaction> transaction_;
  std::vector<std::string> custom_;  // names of those that exist
  bool defined_custom_ = false;
  // Code that has run since the last probe.
  struct Ran {
    std::shared_ptr<const sql::Code> code;
    uint64_t epoch = 0;  // of the catalogs that it was followed in; 0: none
    bool unknown = false;
    bool missing = false;  // it calls what those do not have
  };
  std::vector<Ran> ran_;
  bool suspects_any_ = false;
  Settings implicit_begin_;  // what an implicit transaction began with
  std::unique_ptr<pool::SessionFreshness[]> freshness_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_SESSION_STATE_H_
