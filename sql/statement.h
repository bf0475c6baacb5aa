// What routing needs to know of a text: the result of analysing it once.
//
// A Query is made from one text (what one Query or Parse message carries) under
// one set of lexer modes, one search_path, one role and one catalog snapshot.
// It is immutable after construction and is shared between sessions of one
// reactor through the statement cache; texts that differ only in their literals
// share one Query, which therefore speaks of literals by their place (slot) and
// never by their value. A statement whose meaning for routing depends on the
// values themselves (SET, nextval('x'), PREPARE ...) says so with
// Query::by_text and is cached under its exact text.
//
// sql/ knows nothing of shards: a relation's conditions are listed for all of
// its columns, and the planner looks for the ones of the distribution key.
#ifndef PGBRAID_SQL_STATEMENT_H_
#define PGBRAID_SQL_STATEMENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pgbraid::sql {

using Oid = uint32_t;

struct Code;

// The class of a statement. What the text says, not where it goes.
enum class Kind : uint8_t {
  kEmpty,    // white space and comments only
  kInvalid,  // the grammar does not accept the text
  kSelect,   // SELECT, VALUES, TABLE (without INTO)
  kInsert,
  kUpdate,
  kDelete,
  kMerge,
  kCopy,          // see copy_*
  kExplain,       // EXPLAIN [ANALYZE]; inner statement in `inner`
  kExplainRoute,  // EXPLAIN (ROUTE) any statement; that one in `inner`
  kBegin,         // BEGIN, START TRANSACTION
  kCommit,        // COMMIT, END
  kRollback,      // ROLLBACK, ABORT
  kSavepoint,
  kRelease,
  kRollbackTo,
  kPrepareTransaction,
  kCommitPrepared,
  kRollbackPrepared,
  kSetTransaction,  // SET TRANSACTION ...; not SET SESSION CHARACTERISTICS
  kSet,             // SET, RESET, also ROLE and SESSION AUTHORIZATION
  kShow,
  kDiscard,
  kPrepare,
  kExecute,
  kDeallocate,
  kDeclareCursor,  // inner statement in `inner`
  kFetch,          // FETCH, MOVE
  kClosePortal,
  kListen,
  kUnlisten,
  kNotify,
  kLock,
  kLoad,
  kTruncate,
  kDdl,  // CREATE, ALTER, DROP, GRANT, COMMENT, SELECT INTO, REFRESH ...
  kDo,
  kCall,
  kMaintenance,  // VACUUM, ANALYZE, REINDEX, CLUSTER, CHECKPOINT
  kOther,        // anything else the grammar knows
};

// A value that a condition or an INSERT compares or writes.
struct Operand {
  enum class Kind : uint8_t {
    kLiteral,  // the literal in slot `index` (lexer order, from 0)
    kParam,    // $`index`, from 1
    kNull,
    kDefault,  // the keyword DEFAULT (INSERT only)
    kUnknown,  // anything else: prunes nothing
  };
  Kind kind = Kind::kUnknown;
  bool negated = false;  // a numeric literal with a minus sign before it
  uint16_t index = 0;
  // The type the text casts it to, as pg_catalog names it ("int4", "date",
  // "timestamptz"), or empty. A cast with a type modifier, to a type outside
  // pg_catalog, or one over another makes the operand kUnknown.
  std::string cast;
};

// A condition that every row of the relation must meet to matter to the
// statement. Columns are those of the relation that owns it, by name.
struct Condition {
  enum class Op : uint8_t {
    kAnd,   // all of `children`
    kOr,    // any of `children`
    kEq,    // column = operands[0], also IS NOT DISTINCT FROM a non-NULL
    kIn,    // column = any of operands
    kAny,   // column = ANY(operands[0]), one array operand
    kLess,  // column < operands[0]
    kLessEq,
    kGreater,
    kGreaterEq,
    kIsNull,   // column IS NULL, IS NOT DISTINCT FROM NULL
    kNever,    // false or NULL for every row (column = NULL)
    kUnknown,  // may hold for any row: prunes nothing
  };
  Op op = Op::kUnknown;
  std::string column;
  std::vector<Operand> operands;
  std::vector<Condition> children;
};

// What a statement does with a relation.
enum class Access : uint8_t {
  kRead,
  kLockRows,  // SELECT ... FOR UPDATE and the like
  kInsert,
  kUpdate,
  kDelete,
  kWhole,  // TRUNCATE, LOCK, COPY FROM, DDL: the relation as such
};

// A base relation that a statement mentions, at any depth, views expanded.
struct RelationRef {
  Oid oid = 0;         // 0: not found in the catalog
  std::string schema;  // resolved; as written (or empty) if not found
  std::string name;
  Access access = Access::kRead;
  bool through_view = false;
  // For kRead, kLockRows, kUpdate, kDelete: what its rows must meet.
  // kUnknown if nothing is known.
  Condition condition;
};

// INSERT INTO t (columns) VALUES rows.
struct InsertShape {
  std::vector<std::string> columns;  // resolved: the table's own order if none
                                     // were given, cut to the row's length
  std::vector<std::vector<Operand>> rows;  // empty: INSERT ... SELECT
  bool default_values = false;             // INSERT ... DEFAULT VALUES
  bool on_conflict = false;
  std::vector<std::string> conflict_set;  // columns of DO UPDATE SET
};

// SET name = value, RESET name, and set_config('name', 'value', local) where
// all three are constants.
struct SettingChange {
  enum class Scope : uint8_t { kSession, kLocal };
  Scope scope = Scope::kSession;
  std::string name;  // lower case; "role", "session_authorization", "timezone",
                     // or "*" for RESET ALL
  bool reset = false;  // RESET, SET ... TO DEFAULT, set_config(.., NULL, ..)
  // set_config(): where the NULL stands in the text; else 0.
  uint32_t null_at = 0;
  std::string value;  // what set_config(name, value) takes; joined by ", " for
                      // lists as PostgreSQL does
  // The statement that has the same effect on another connection, in session
  // scope: "SET search_path TO a, b".
  std::string replay;
};

// Why a connection must stay with its client after the statement, until undone.
enum class Pin : uint8_t {
  kNone,
  kTemporaryObject,
  kHoldCursor,
  kAdvisoryLock,
  kListen,
  kLoad,
  kLargeObject,
  kRandomSeed,
};

// What a statement does with the prepared statement that it names. It speaks of
// places by the number of a token in the text (from 0), which is the same in
// all texts of one shape.
struct PreparedUse {
  enum class Action : uint8_t {
    kNone,
    kPrepare,
    kExecute,     // also EXPLAIN EXECUTE and CREATE TABLE AS EXECUTE
    kDeallocate,  // by name
  };
  Action action = Action::kNone;
  std::string name;
  uint32_t name_token = 0;
  // kPrepare: where the statement inside begins.
  uint32_t inner_token = 0;
  // kExecute: what stands between the brackets, and whether a standby computes
  // the same from it.
  std::vector<Operand> arguments;
  bool arguments_safe = false;
  // kExecute: what is run is only explained.
  bool runs = true;
};

// One statement of a text.
struct Statement {
  Kind kind = Kind::kOther;
  // The statement's own bytes in the text: [begin, end).
  uint32_t begin = 0;
  uint32_t end = 0;

  // Proven to give the same answer on a standby (given its data is fresh
  // enough). If false, primary_reason says why in a few words that a user
  // understands ("calls the volatile function nextval").
  bool standby_safe = false;
  std::string primary_reason;
  // Names a relation, function or type that the catalogs do not have: newer
  // ones may prove more of it.
  bool unresolved = false;
  // May change data: anything that is not proven to only read.
  bool writes = true;
  // May change the session's state in ways the text does not show (DO, CALL,
  // functions of the user's, set_config with a computed argument).
  bool taints = false;
  // Custom settings (app.tenant) that it may set beside `settings`, lower case,
  // and whether there may be others whose names it does not show.
  std::vector<std::string> custom_settings;
  bool unknown_settings = false;
  // Parameters of the protocol (from 1) that are names of settings which it
  // sets: set_config($1, ...). Not among unknown_settings.
  std::vector<uint16_t> setting_parameters;
  // If it taints: what it names. `custom_settings` and `unknown_settings` are
  // what the code that it reaches does in the catalogs of `code_epoch`.
  std::shared_ptr<const Code> code;
  uint64_t code_epoch = 0;
  // Code that it reaches may end a LISTEN.
  bool unlistens = false;
  // May call nextval() or setval() for this session, by name or through a
  // column's default; calls currval() or lastval().
  bool advances_sequence = false;
  bool reads_sequence = false;
  // A primary's read-only transaction could do it, or would do it otherwise
  // than a standby (NOTIFY, advisory locks, functions of the user's).
  bool differs_in_recovery = false;
  // Changes what a login is given: ALTER ROLE SET, ALTER DATABASE SET.
  bool changes_logins = false;
  // Changes the catalogs, so that the snapshot must be read anew.
  bool changes_catalog = false;
  Pin pin = Pin::kNone;
  // Shows the session's prepared statements (pg_prepared_statements).
  bool shows_prepared = false;
  // Calls pg_export_snapshot(): whoever uses the snapshot is sent to the
  // primary, so that it has to come from there.
  bool exports_snapshot = false;
  // Its answer may change with what else is visible under a name, apart from
  // the names in its text: a name is printed with its schema or without, or
  // code that nobody looks into is run.
  bool depends_on_path = false;
  // Calls current_setting(), or code that nobody looks into.
  bool reads_setting = false;
  bool unpins =
      false;  // may end a pin: CLOSE, UNLISTEN, unlock_all, DROP, DISCARD

  // Every base relation it mentions. `relations_known` is false if something
  // may reach relations that are not listed (a user's function, a relation not
  // found, DO): then it is only allowed where one shard holds everything.
  std::vector<RelationRef> relations;
  bool relations_known = false;
  std::string unknown_reason;  // why relations_known is false

  // SELECT of columns and constants from one relation with at most a WHERE
  // without subqueries and with immutable functions and operators only: over
  // several shards the answers can simply be concatenated. Else the reason
  // (a phrase: "ORDER BY over several shards").
  bool concatenable = false;
  std::string not_concatenable_reason;
  // All string literals in it that are read as date or time values might say
  // 'now' or 'today': such a value refuses to be scattered (checked by value).
  bool reads_system_columns = false;  // ctid, xmin, tableoid ...
  // pg_listening_channels(), also in code that it reaches.
  bool reads_channels = false;
  // Calls pg_notify(), and that alone keeps it from a standby.
  bool only_notifies = false;

  InsertShape insert;                        // kInsert
  std::vector<std::string> updated_columns;  // kUpdate, also MERGE's
  std::vector<SettingChange> settings;       // kSet, or set_config in kSelect
  std::string name;  // savepoint, prepared statement, cursor, channel, gid,
                     // SHOW's setting; "" for DEALLOCATE ALL, CLOSE ALL ...
  bool copy_from = false;    // COPY ... FROM
  bool copy_client = false;  // COPY ... STDIN / STDOUT
  bool read_only = false;    // BEGIN READ ONLY, SET TRANSACTION READ ONLY
  bool read_write = false;   // ... READ WRITE said explicitly
  enum class Isolation : uint8_t {
    kDefault,
    kReadUncommitted,
    kReadCommitted,
    kRepeatableRead,
    kSerializable,
  };
  Isolation isolation = Isolation::kDefault;
  bool chain = false;        // COMMIT AND CHAIN, ROLLBACK AND CHAIN
  bool discard_all = false;  // DISCARD ALL (kDiscard)
  PreparedUse prepared_use;
  // EXPLAIN, EXPLAIN (ROUTE), DECLARE, PREPARE: the statement inside.
  std::unique_ptr<Statement> inner;
};

// A whole text, analysed.
struct Query {
  std::vector<Statement> statements;  // at least one
  uint16_t parameter_count = 0;       // highest $n
  // Depends on the values of its literals: cache under the exact text.
  bool by_text = false;
  // kInvalid: the grammar's message (PostgreSQL's own error is better; this is
  // for when no server is asked).
  std::string parse_error;
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_STATEMENT_H_
