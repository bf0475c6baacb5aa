#include "router/session.h"

#include <cctype>
#include <cstdio>
#include <utility>

#include "sql/identifier.h"
#include "wire/backend.h"
#include "wire/frame.h"

namespace pgbraid::router {
namespace {

namespace type = wire::frontend_type;

// program_limit_exceeded
constexpr std::string_view kProgramLimitExceeded = "54000";

constexpr Duration kProbeTimeout = std::chrono::seconds(5);

// For catalogs that show code that has just been changed, and has run.
constexpr Duration kCatalogWait = std::chrono::seconds(2);

// Everything that may be left on a connection: settings made in this session,
// and what keeps it with its client.
constexpr std::string_view kProbeSql =
    "SELECT 'setting', name, setting FROM pg_catalog.pg_settings"
    " WHERE source = 'session' AND name NOT IN ('transaction_isolation',"
    " 'transaction_read_only', 'transaction_deferrable') UNION ALL"
    " SELECT 'role', 'role', pg_catalog.current_setting('role')"
    " UNION ALL SELECT 'role', 'session_authorization', session_user::text"
    " UNION ALL SELECT 'lock', '', count(*)::text FROM pg_catalog.pg_locks"
    " WHERE locktype = 'advisory' AND granted"
    " AND pid = pg_catalog.pg_backend_pid()"
    " UNION ALL SELECT 'listen', '', count(*)::text"
    " FROM pg_catalog.pg_listening_channels()"
    " UNION ALL SELECT 'temporary', '', count(*)::text"
    " FROM pg_catalog.pg_class"
    " WHERE relnamespace = pg_catalog.pg_my_temp_schema()"
    " UNION ALL SELECT 'worn', '', pg_catalog.pg_my_temp_schema()::text"
    " UNION ALL SELECT 'cursor', '', count(*)::text"
    " FROM pg_catalog.pg_cursors WHERE is_holdable"
    " UNION ALL SELECT 'prepared', '', count(*)::text"
    " FROM pg_catalog.pg_prepared_statements"
    " WHERE from_sql AND name !~ '^pgbraid_[0-9]+$'";

// As names of settings stand in an Environment; pg_settings says "TimeZone".
std::string Lower(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return lower;
}

PinReasons PinOf(std::string_view kind) {
  if (kind == "lock") return PinBit(sql::Pin::kAdvisoryLock);
  if (kind == "listen") return PinBit(sql::Pin::kListen);
  if (kind == "temporary") return PinBit(sql::Pin::kTemporaryObject);
  if (kind == "cursor") return PinBit(sql::Pin::kHoldCursor);
  if (kind == "prepared") return kPinSqlPrepared;
  return 0;
}

constexpr PinReasons kProbedPins =
    PinBit(sql::Pin::kAdvisoryLock) | PinBit(sql::Pin::kListen) |
    PinBit(sql::Pin::kTemporaryObject) | PinBit(sql::Pin::kHoldCursor) |
    kPinSqlPrepared;

}  // namespace

Session::Session(Worker* worker, int fd)
    : worker_(worker), client_(worker->reactor(), fd) {}

Session::~Session() {
  StopListening();
  if (process_ != 0) worker_->Unregister(process_);
  DropLeases();
  worker_->AddClient(-1);
}

void Session::DropLeases() {
  // What a client leaves behind is never handed to another.
  if (held_ && !replication_ && state_->pins != 0) held_->retired = true;
  held_ = HeldLease();
  for (HeldLease& pinned : pinned_) pinned->retired = true;
  pinned_.clear();
}

net::Task<void> Session::Run(Worker* worker, int fd) {
  Session session(worker, fd);
  bool logged_in = co_await session.LogIn();
  if (logged_in && session.replication_) {
    co_await session.RelayReplication();
  } else if (logged_in) {
    co_await session.Serve();
  }
  session.StopListening();
  // Server connections first: locks are gone before the client hears of it.
  session.DropLeases();
  session.client_.CloseAfterSending();
}

net::Task<void> Session::Serve() {
  while (!closing_) {
    if (!end_.ok()) {
      Fatal(end_);
      continue;
    }
    if (large_.active() && large_.Pump(&client_)) continue;
    wire::Frame frame;
    switch (wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame)) {
      case wire::FrameStatus::kMalformed:
        Fatal(wire::FrameError(client_.input(), wire::kFrontendLimits));
        continue;
      case wire::FrameStatus::kNeedMore:
        if (HasLargePart()) {
          in_segment_ = true;
          bool handled = co_await HandlePart();
          in_segment_ = false;
          EndListeningSegment();
          if (handled) continue;
        }
        if (client_.Fill()) continue;
        if (client_.at_end()) co_return;
        if (PumpIdleServers()) continue;
        client_.Keep();
        co_await client_.waiter()->Wait();
        continue;
      case wire::FrameStatus::kComplete:
        break;
    }
    if (lost_kept() && PumpIdleServers()) {
      // What is asked now can't reach the transaction that it is meant for.
      continue;
    }
    interrupt_.Begin();
    cancel_due_ = false;
    in_segment_ = true;
    switch (frame.type) {
      case type::kQuery:
        co_await RunQuery();
        break;
      case type::kTerminate:
        co_return;
      case type::kFunctionCall:
        co_await RunFunctionCall();
        break;
      case type::kCopyData:
      case type::kCopyDone:
      case type::kCopyFail:
        // Of a COPY that has failed already.
        client_.Consume(frame.bytes.size());
        break;
      case type::kPassword:
        Fatal(SqlError(sqlstate::kProtocolViolation,
                       "invalid frontend message type 112"));
        break;
      default:
        co_await RunSegment();
        break;
    }
    interrupt_.End();
    in_segment_ = false;
    EndListeningSegment();
  }
}

bool Session::lost_kept() const {
  if (held_) return held_->stream->broken();
  for (const HeldLease& pinned : pinned_) {
    if (pinned->stream->broken()) return true;
  }
  return false;
}

bool Session::HasLargePart() const {
  wire::FrameHeader header;
  return !large_.active() &&
         wire::PeekHeader(client_.input(), wire::kFrontendLimits, &header) ==
             wire::FrameStatus::kComplete &&
         header.total > LargeMessage::kThreshold;
}

net::Task<bool> Session::HandlePart() {
  wire::FrameHeader header;
  wire::PeekHeader(client_.input(), wire::kFrontendLimits, &header);
  Status fits;
  if (header.type == type::kQuery) {
    fits = CheckSize(header);
    if (fits.ok()) co_return false;
  }
  interrupt_.Begin();
  cancel_due_ = false;
  switch (header.type) {
    case type::kCopyData:
      // Of a COPY that has failed already.
      large_.Start(header.total, nullptr);
      break;
    case type::kFunctionCall:
      co_await RunFunctionCall();
      break;
    case type::kQuery:
      large_.Start(header.total, nullptr);
      co_await RefuseQuery(std::move(fits));
      break;
    default:
      co_await RunSegment();
      break;
  }
  interrupt_.End();
  co_return true;
}

Status Session::CheckSize(const wire::FrameHeader& header) {
  size_t limit = worker_->options().max_query_size;
  if (header.total <= limit) {
    client_.Reserve(header.total);
    return OkStatus();
  }
  return SqlError(kProgramLimitExceeded,
                  "a message of " + std::to_string(header.total) +
                      " bytes is too large to be routed",
                  "What decides where a statement goes is kept in memory up to "
                  "--max_query_size, " +
                      std::to_string(limit) + " bytes.",
                  "Send large values as parameters, or by COPY.");
}

bool Session::PumpIdleServers() {
  bool moved = held_ && PumpIdleServer(&held_);
  for (HeldLease& pinned : pinned_) moved |= PumpIdleServer(&pinned);
  return moved;
}

bool Session::PumpIdleServer(HeldLease* held) {
  pool::ServerConnection* connection = held->lease.get();
  if (closing_) return false;
  if (!client_.input().empty()) client_.Keep();
  net::Stream::Received received = connection->stream->Receive();
  if (received.state == net::Stream::State::kPending) return false;
  if (received.state == net::Stream::State::kData) {
    connection->partial.append(received.data);
    std::string_view rest = connection->partial;
    wire::Frame frame;
    while (wire::NextFrame(rest, wire::kBackendLimits, &frame) ==
           wire::FrameStatus::kComplete) {
      wire::ParameterStatus parameter;
      if (frame.type == wire::backend_type::kNotificationResponse) {
        client_.Send(state_->NotificationFrom(*connection, frame.body));
      } else if (frame.type == wire::backend_type::kParameterStatus) {
        // Up to PostgreSQL 13, when it has read its configuration anew.
        if (wire::ParseParameterStatus(frame.body, &parameter).ok() &&
            !pool::IsHostParameter(parameter.name)) {
          connection->NoteParameter(parameter.name, parameter.value);
          TellParameters(*connection);
        }
      } else {
        client_.Send(frame.bytes);
      }
      rest.remove_prefix(frame.bytes.size());
      if (frame.type == wire::backend_type::kErrorResponse) {
        connection->retired = true;
        closing_ = true;
      }
    }
    connection->partial.erase(0, connection->partial.size() - rest.size());
    return true;
  }
  connection->retired = true;
  Status lost = connection->LossError();
  std::string detail = DetailOf(lost);
  if (!detail.empty()) detail += " ";
  Fatal(SqlError(SqlStateOf(lost), MessageOf(lost),
                 detail + "The session kept it for " +
                     (state_->in_transaction() ? "its transaction"
                                               : DescribePins(state_->pins)) +
                     "."));
  return true;
}

void Session::Cancel() {
  if (interrupt_.Raise()) CancelOnServers();
}

void Session::CancelOnServers() {
  if (held_ && held_->busy) {
    cancel_due_ = held_->prefix > 0;
    if (cancel_due_) return;
    held_.lease.pool()->Cancel(held_.lease.get());
  }
  for (HeldLease* held : scattered_) {
    if ((*held)->busy) held->lease.pool()->Cancel(held->lease.get());
  }
}

void Session::ReleaseLease() {
  if (!held_) return;
  if (state_->pins != 0 && !held_.apart) {
    pinned_.push_back(std::move(held_));
  }
  held_ = HeldLease();
}

net::Task<void> Session::EndSegment(Exchange* exchange) {
  pool::ServerConnection* connection = held_.lease.get();
  connection->busy = false;
  interrupt_.End();
  if (!exchange->standby_error().empty() && worker_->options().log_routes) {
    LogStandbyError(exchange->standby_error(), "its own");
  }
  connection->tainted |= state_->TakeDefinedCustom() &&
                         (exchange->failed() || exchange->begin_failed());
  if (exchange->begin_failed()) {
    state_->BeginFailed();
  } else {
    state_->Ready(exchange->ready_status(), exchange->failed());
  }
  if (!state_->in_transaction()) {
    if (connection->environment != nullptr) {
      connection->environment = state_->settings.session;
    }
  }
  if (state_->changed_catalog && !state_->in_transaction()) {
    state_->changed_catalog = false;
    worker_->snapshots()->MarkStale(state_->identity->database, held_.shard);
  }
  if (state_->changed_logins && !state_->in_transaction()) {
    state_->changed_logins = false;
    worker_->RenewLogins();
  }
  if (!held_.standby) {
    state_->freshness(held_.shard).SeenOnPrimary(worker_->reactor()->now());
  }
  bool told = false;
  if (exchange->ready_held()) told = co_await SayReady();
  if (!state_->in_transaction()) {
    connection->others_wrote |= state_->wrote && !told;
    state_->wrote = false;
  }
  if (!state_->undescribed.empty()) co_await DescribePrepared();
  if (!held_ || closing_) co_return;
  if (server_in_transaction()) co_return;
  if (connection->own_names) co_await DropOwnNames();
  if (!connection->listens.empty()) co_await UndoListens();
  // What a read beside what is kept has left is not the session's.
  if (held_.apart && connection->tainted) connection->retired = true;
  // Also one that serves nobody else: the session goes on with what it finds.
  if (connection->tainted && !held_.apart && !connection->stream->broken()) {
    co_await Probe();
  }
  state_->suspects.clear();
  NotePins();
  TellHeard();
  ReleaseLease();
}

net::Task<sql::CustomSettings> Session::JudgeCode() {
  bool fresh = state_->identity->catalogs_fresh();
  if (!fresh && state_->HasRunCode()) {
    client_.Keep();
    fresh = co_await worker_->AwaitCovered(
        state_->identity->database,
        state_->identity->marks->load(std::memory_order_acquire),
        worker_->reactor()->now() + kCatalogWait, &interrupt_);
    held_->stream->Attach(client_.waiter());
  }
  sql::CustomSettings custom;
  for (const std::string& name : state_->custom_settings()) custom.Add(name);
  const RoutingSnapshotRef& snapshot = *state_->identity->snapshot;
  state_->Judge(snapshot->catalogs[held_.shard].get(), fresh, &custom);
  held_->worn |= custom.unknown;
  co_return custom;
}

std::string Session::ProbeSql(const sql::CustomSettings& custom) const {
  // PostgreSQL has no list of custom settings: those that may exist are asked
  // for by name.
  std::string sql(kProbeSql);
  for (const std::string& name : custom.names) {
    std::string literal = sql::QuoteLiteral(name);
    sql += " UNION ALL SELECT 'custom'," + literal +
           ", pg_catalog.current_setting(" + literal + ", true)";
  }
  return sql;
}

net::Task<void> Session::Probe() {
  pool::ServerConnection* connection = held_.lease.get();
  client_.Keep();
  co_await held_.lease.pool()->AwaitCancelEnd(connection);
  const sql::CustomSettings custom = co_await JudgeCode();
  if (!held_) co_return;
  std::string sql = ProbeSql(custom);
  auto result = co_await connection->Run(
      std::move(sql), worker_->reactor()->now() + kProbeTimeout);
  connection->stream->Attach(client_.waiter());
  if (!result.ok()) {
    connection->retired = true;
    co_return;
  }
  connection->tainted = false;
  state_->temporary_names = nullptr;
  std::vector<pool::Setting> settings;
  PinReasons pins = 0;
  for (const auto& row : result->rows) {
    if (row.size() != 3 || !row[0] || !row[1] || !row[2]) continue;
    const std::string& kind = *row[0];
    const std::string name = Lower(*row[1]);
    const std::string& value = *row[2];
    if (kind == "setting" || kind == "custom") {
      settings.push_back({name, value,
                          "SELECT pg_catalog.set_config(" +
                              sql::QuoteLiteral(name) + "," +
                              sql::QuoteLiteral(value) + ",false)"});
    } else if (kind == "role") {
      bool is_default =
          name == "role" ? value == "none" : value == connection->user();
      if (is_default) continue;
      settings.push_back({name, value,
                          "SELECT pg_catalog.set_config('" + name + "'," +
                              sql::QuoteLiteral(value) + ",false)"});
    } else if (value != "0") {
      pins |= PinOf(kind);
      connection->worn |= kind == "worn";
    }
  }
  state_->pins = (state_->pins & ~kProbedPins) | pins;
  pool::EnvironmentTable& environments = worker_->tables()->environments;
  connection->environment = environments.Intern(std::move(settings));
  // What the client's startup packet had set and is gone was reset: on a
  // connection of the client's own it would have gone back to that. A custom
  // setting does not go: it is empty.
  pool::EnvironmentRef mine = connection->environment;
  for (const pool::Setting& at_start : state_->startup->settings()) {
    const pool::Setting* found = mine->Find(at_start.name);
    const pool::Setting* before = state_->settings.session->Find(at_start.name);
    bool emptied = found != nullptr && pool::IsCustom(at_start.name) &&
                   found->value.empty() &&
                   (before == nullptr || !before->value.empty());
    if (found == nullptr || emptied) mine = environments.With(mine, at_start);
  }
  state_->Found(mine);
  TellParameters(*connection);
}

void Session::LogStandbyError(std::string_view error,
                              std::string_view answer) const {
  std::fprintf(stderr,
               "standby error: client=%u host=%s transaction=%s "
               "error=\"%.*s\" answer=%.*s\n",
               process_, held_->address().ToString().c_str(),
               state_->in_transaction() ? "yes" : "no",
               static_cast<int>(error.size()), error.data(),
               static_cast<int>(answer.size()), answer.data());
}

void Session::LogRoute(const Plan& plan, std::string_view text) const {
  std::string shards;
  if (plan.refused()) {
    shards = "refused: " + MessageOf(plan.refusal);
  } else {
    for (int shard : plan.shards) {
      if (!shards.empty()) shards += ",";
      shards += worker_->map().shards()[shard].name;
    }
    if (shards.empty()) shards = "any";
    if (held_) {
      shards += " host=" + held_->address().ToString() +
                (held_.standby ? " (standby)" : " (primary)");
      if (plan.standby && !held_.standby) shards += " no-standby-was-fresh";
      if (state_->pins != 0 && !held_.apart) {
        shards += " kept=\"" + DescribePins(state_->pins) + "\"";
      }
    }
  }
  std::fprintf(stderr, "route: client=%u shards=%s reason=\"%.*s\" sql=%.*s\n",
               process_, shards.c_str(), static_cast<int>(plan.reason.size()),
               plan.reason.data(), static_cast<int>(text.size()), text.data());
}

}  // namespace pgbraid::router
