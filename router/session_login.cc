// A session's beginning, once it has said who it is: authentication, settings,
// greeting.

#include <algorithm>
#include <optional>
#include <utility>

#include "router/session.h"
#include "sql/identifier.h"
#include "wire/backend.h"
#include "wire/frame.h"
#include "wire/frontend.h"
#include "wire/scram_server.h"
#include "wire/startup_settings.h"

namespace pgbraid::router {
namespace {

// As PostgreSQL's authentication_timeout.
constexpr Duration kLoginTimeout = std::chrono::seconds(60);

}  // namespace

void Session::Fatal(const Status& status) {
  client_.SendError(status, wire::Severity::kFatal);
  closing_ = true;
}

net::Task<bool> Session::LogIn() {
  TimePoint deadline = worker_->reactor()->now() + kLoginTimeout;
  std::string packet;
  bool begun = co_await AwaitStartup(&packet, deadline);
  if (!begun) co_return false;
  Status status = co_await BeginSession(std::move(packet), deadline);
  if (status.ok() && !replication_) status = co_await LearnParameters();
  if (!status.ok()) {
    if (!client_.at_end()) Fatal(status);
    co_return false;
  }
  Greet(replication_ ? held_->parameters : state_->told);
  co_return true;
}

net::Task<Status> Session::BeginSession(std::string bytes, TimePoint deadline) {
  wire::StartupPacket packet;
  Status status = wire::ParseStartup(bytes, &packet);
  if (!status.ok()) co_return status;
  if (packet.needs_negotiation()) {
    std::string answer;
    wire::AppendNegotiation(packet, &answer);
    client_.Send(answer);
  }
  auto replication = wire::ReplicationOf(packet);
  if (!replication.ok()) co_return replication.status();
  // A physical one is of the server; which database is named does not matter.
  const std::string& expected = worker_->options().database;
  if (!expected.empty() && packet.database() != expected &&
      *replication != wire::Replication::kPhysical) {
    co_return SqlError(
        sqlstate::kInvalidCatalogName,
        "database \"" + std::string(packet.database()) + "\" does not exist",
        "pgbraid serves the database \"" + expected + "\".");
  }
  // Nothing is remembered of a client before it has proven who it is.
  status = co_await Authenticate(std::string(packet.user()), deadline);
  if (!status.ok()) co_return status;
  if (*replication != wire::Replication::kNone) {
    co_return co_await BeginReplication(packet, *replication);
  }
  ClientIdentity* identity = worker_->IdentityFor(
      std::string(packet.user()), std::string(packet.database()));
  state_ = std::make_unique<SessionState>(
      &worker_->tables()->environments, identity,
      worker_->options().consistency, worker_->map().shard_count());
  if (worker_->options().pool_mode == PoolMode::kSession) {
    state_->pins |= kPinSessionPooling;
  }
  co_return ApplyStartup(packet);
}

Status Session::ApplyStartup(const wire::StartupPacket& packet) {
  PGB_ASSIGN_OR_RETURN(std::vector<wire::Setting> settings,
                       wire::StartupSettings(packet));
  std::vector<pool::Setting> made;
  for (const wire::Setting& setting : settings) {
    if (setting.name.starts_with("pgbraid.")) {
      sql::Statement statement;
      statement.kind = sql::Kind::kSet;
      sql::SettingChange change;
      change.name = setting.name;
      change.value = setting.value;
      statement.settings.push_back(change);
      PGB_RETURN_IF_ERROR(OwnSetting(statement).error);
      continue;
    }
    // A list's value is not one string: set_config() reads it as it is.
    std::string replay = "SELECT pg_catalog.set_config(" +
                         sql::QuoteLiteral(setting.name) + "," +
                         sql::QuoteLiteral(setting.value) + ",false)";
    made.push_back({setting.name, setting.value, replay});
  }
  state_->startup = worker_->tables()->environments.Intern(std::move(made));
  state_->Found(state_->startup);
  state_->startup_consistency = state_->consistency();
  return OkStatus();
}

net::Task<StatusOr<std::string>> Session::ReadPassword(TimePoint deadline) {
  for (;;) {
    wire::Frame frame;
    wire::FrameStatus status =
        wire::NextFrame(client_.input(), wire::kFrontendLoginLimits, &frame);
    if (status == wire::FrameStatus::kMalformed) {
      co_return SqlError(sqlstate::kProtocolViolation,
                         "expected password response");
    }
    if (status == wire::FrameStatus::kComplete) {
      if (frame.type != wire::frontend_type::kPassword) {
        co_return SqlError(sqlstate::kProtocolViolation,
                           "expected password response");
      }
      std::string body(frame.body);
      client_.Consume(frame.bytes.size());
      co_return body;
    }
    if (client_.Fill()) continue;
    client_.Keep();
    bool notified = false;
    if (!client_.at_end()) notified = co_await client_.waiter()->Wait(deadline);
    if (!notified) {
      co_return SqlError(sqlstate::kConnectionException,
                         "the client left during authentication");
    }
  }
}

net::Task<Status> Session::Authenticate(std::string user, TimePoint deadline) {
  if (worker_->options().auth == AuthMethod::kTrust) co_return OkStatus();
  wire::ScramServer scram(user, worker_->login_secrets()->Find(user),
                          worker_->mock_key(), worker_->random(),
                          client_.tls_end_point());
  std::string message;
  wire::AppendAuthenticationSasl(scram.mechanisms(), &message);
  client_.Send(message);
  auto body = co_await ReadPassword(deadline);
  if (!body.ok()) co_return body.status();
  wire::SaslInitialResponse initial;
  Status status = wire::ParseSaslInitialResponse(*body, &initial);
  if (!status.ok()) co_return status;
  auto first = scram.Start(initial);
  if (!first.ok()) co_return first.status();
  message.clear();
  wire::AppendAuthentication(wire::AuthenticationCode::kSaslContinue, *first,
                             &message);
  client_.Send(message);
  body = co_await ReadPassword(deadline);
  if (!body.ok()) co_return body.status();
  auto last = scram.Continue(*body);
  if (!last.ok()) co_return last.status();
  if (!scram.done()) {
    co_return SqlError(sqlstate::kProtocolViolation, "malformed SCRAM message");
  }
  message.clear();
  wire::AppendAuthentication(wire::AuthenticationCode::kSaslFinal, *last,
                             &message);
  client_.Send(message);
  co_return OkStatus();
}

net::Task<Status> Session::LearnParameters() {
  ClientIdentity* identity = state_->identity;
  auto known = identity->reported.find(state_->startup);
  if (known != identity->reported.end()) {
    state_->told = known->second;
    co_return OkStatus();
  }
  // The first of its kind: a server says whether the user may log in, whether
  // the settings are valid, and how it prints them.
  TimePoint deadline =
      worker_->reactor()->now() + worker_->options().checkout_timeout;
  auto borrowed = co_await BorrowReady(0, pool::Consistency::kStrong, deadline);
  if (!borrowed.ok()) co_return borrowed.status();
  state_->told = borrowed->lease->parameters;
  constexpr size_t kRemembered = 1000;
  if (identity->reported.size() >= kRemembered) identity->reported.clear();
  identity->reported[state_->startup] = state_->told;
  co_return OkStatus();
}

void Session::Greet(const pool::ParametersRef& parameters) {
  std::string key;
  process_ = worker_->Register(this, &key);
  if (state_ != nullptr) state_->process = process_;  // null: replication
  std::string message;
  wire::AppendAuthenticationOk(&message);
  for (const auto& [name, value] : *parameters) {
    wire::AppendParameterStatus(name, value, &message);
  }
  wire::AppendParameterStatus("in_hot_standby", "off", &message);
  wire::AppendBackendKeyData({process_, key}, &message);
  wire::AppendReadyForQuery(wire::TransactionStatus::kIdle, &message);
  client_.Send(message);
}

}  // namespace pgbraid::router
