#include "pool/server_connection.h"

#include <charconv>
#include <utility>

#include "wire/backend.h"
#include "wire/error_response.h"
#include "wire/frame.h"
#include "wire/frontend.h"
#include "wire/md5.h"
#include "wire/row.h"
#include "wire/scram_client.h"
#include "wire/startup.h"

namespace pgbraid::pool {
namespace {

// Which life of the server this is, independent of any setting. After a crash
// of one backend the postmaster starts all over without being started anew, and
// a standby may show less than before; but its statistics are reset then.
constexpr std::string_view kIncarnationSql =
    "SELECT ((extract(epoch FROM pg_catalog.pg_postmaster_start_time())"
    " OPERATOR(pg_catalog.+) coalesce(extract(epoch FROM"
    " pg_catalog.pg_stat_get_bgwriter_stat_reset_time()), 0))"
    " OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8,"
    " pg_catalog.pg_is_in_recovery()";

Status ServerError(std::string_view body) {
  wire::ErrorFields fields;
  PGB_RETURN_IF_ERROR(wire::ParseErrorFields(body, &fields));
  return wire::ToStatus(fields);
}

}  // namespace

ServerConnection::ServerConnection(net::Reactor* reactor, Target target,
                                   ReactorTables* tables)
    : id(++tables->last_connection),
      environment(tables->environments.empty()),
      parameters(tables->parameters.empty()),
      reactor_(reactor),
      target_(std::move(target)),
      tables_(tables),
      waiter_(reactor) {}

ServerConnection::~ServerConnection() {
  if (stream == nullptr) return;
  stream->Attach(nullptr);
  if (!busy) {
    std::string bye;
    wire::AppendTerminate(&bye);
    stream->Send(bye);
  }
}

Status ServerConnection::Lost(std::string_view why) const {
  return SqlError(sqlstate::kConnectionFailure, "server connection to " +
                                                    target_.address.ToString() +
                                                    " " + std::string(why));
}

void ServerConnection::Revoke(Status why) {
  retired = true;
  revoked_ = std::move(why);
  stream->Abort();
}

Status ServerConnection::LossError(std::string_view last_words) const {
  if (!revoked_.ok()) return revoked_;
  std::string why = "was lost";
  if (!last_words.empty()) why += ": " + std::string(last_words);
  return Lost(why);
}

net::Task<StatusOr<std::unique_ptr<ServerConnection>>> ServerConnection::Open(
    net::Reactor* reactor, Target target, ReactorTables* tables,
    wire::RandomSource* random, TimePoint deadline) {
  std::unique_ptr<ServerConnection> connection(
      new ServerConnection(reactor, std::move(target), tables));
  auto stream =
      co_await net::Connect(reactor, connection->target_.address, deadline);
  if (!stream.ok()) co_return stream.status();
  connection->stream = *std::move(stream);
  connection->busy = true;  // until the login is over
  Status status = co_await connection->LogIn(random, deadline);
  if (!status.ok()) co_return status;
  co_return connection;
}

net::Task<Status> ServerConnection::LogIn(wire::RandomSource* random,
                                          TimePoint deadline) {
  stream->Attach(&waiter_);
  Status status = co_await Encrypt(deadline);
  if (!status.ok()) co_return status;
  std::string startup;
  std::vector<wire::StartupParameter> startup_parameters = {
      wire::StartupParameter("user", target_.login.user),
      wire::StartupParameter("database", target_.database)};
  for (const auto& [name, value] : target_.startup) {
    startup_parameters.emplace_back(name, value);
  }
  wire::AppendStartup(startup_parameters, &startup);
  stream->Send(startup);
  status = co_await Authenticate(random, deadline);
  if (!status.ok()) co_return status;
  for (;;) {
    auto message = co_await Next(deadline);
    if (!message.ok()) co_return message.status();
    if (message->type == wire::backend_type::kErrorResponse) {
      co_return ServerError(message->body);
    }
    if (message->type == wire::backend_type::kParameterStatus) {
      wire::ParameterStatus parameter;
      Status parsed = wire::ParseParameterStatus(message->body, &parameter);
      if (!parsed.ok()) co_return parsed;
      NoteParameter(parameter.name, parameter.value);
    } else if (message->type == wire::backend_type::kBackendKeyData) {
      wire::BackendKeyData key;
      Status parsed = wire::ParseBackendKeyData(message->body, &key);
      if (!parsed.ok()) co_return parsed;
      process_id = key.process;
      cancel_key = std::string(key.key);
    } else if (message->type == wire::backend_type::kReadyForQuery) {
      busy = false;
      break;
    }
  }
  if (target_.replication) co_return OkStatus();
  co_return co_await LearnIncarnation(deadline);
}

net::Task<Status> ServerConnection::Authenticate(wire::RandomSource* random,
                                                 TimePoint deadline) {
  const ServerLogin& login = target_.login;
  wire::ScramClient scram(login.password, random);
  bool asked_scram = false;
  for (;;) {
    auto message = co_await Next(deadline);
    if (!message.ok()) co_return message.status();
    if (message->type == wire::backend_type::kErrorResponse) {
      co_return ServerError(message->body);
    }
    if (message->type == wire::backend_type::kNoticeResponse) continue;
    if (message->type != wire::backend_type::kAuthentication) {
      co_return Lost("sent an unexpected message during login");
    }
    wire::Authentication ask;
    Status parsed = wire::ParseAuthentication(message->body, &ask);
    if (!parsed.ok()) co_return parsed;
    if (ask.code == wire::AuthenticationCode::kOk) {
      // Who skips its own proof does not know the password.
      if (asked_scram && !scram.verified()) {
        co_return Lost("did not prove that it knows the password");
      }
      co_return OkStatus();
    }
    std::string answer;
    if (login.password.empty() &&
        ask.code != wire::AuthenticationCode::kSaslFinal) {
      co_return SqlError(sqlstate::kInvalidPassword,
                         "server " + target_.address.ToString() +
                             " asks for a password of user \"" + login.user +
                             "\" and none is known",
                         "",
                         "Add the user to the file of --server_password_file.");
    }
    switch (ask.code) {
      case wire::AuthenticationCode::kCleartextPassword:
        wire::AppendPassword(login.password, &answer);
        break;
      case wire::AuthenticationCode::kMd5Password:
        wire::AppendPassword(
            wire::IsMd5Secret(login.password)
                ? wire::Md5AnswerFromSecret(login.password, ask.data)
                : wire::Md5Answer(login.user, login.password, ask.data),
            &answer);
        break;
      case wire::AuthenticationCode::kSasl: {
        if (!wire::OffersMechanism(ask.data, wire::kScramSha256)) {
          co_return Lost("offers no authentication mechanism known here");
        }
        asked_scram = true;
        auto first = scram.Start();
        if (!first.ok()) co_return first.status();
        wire::AppendSaslInitialResponse(wire::kScramSha256, *first, &answer);
        break;
      }
      case wire::AuthenticationCode::kSaslContinue: {
        auto last = scram.Continue(ask.data);
        if (!last.ok()) co_return last.status();
        wire::AppendSaslResponse(*last, &answer);
        break;
      }
      case wire::AuthenticationCode::kSaslFinal: {
        Status proven = scram.Finish(ask.data);
        if (!proven.ok()) co_return proven;
        break;
      }
      default:
        co_return SqlError(
            sqlstate::kInvalidAuthorization,
            "server " + target_.address.ToString() +
                " asks for an authentication method that is not supported",
            "Supported are trust, password, md5 and scram-sha-256.");
    }
    if (!answer.empty()) stream->Send(answer);
  }
}

net::Task<Status> ServerConnection::LearnIncarnation(TimePoint deadline) {
  auto result = co_await Run(std::string(kIncarnationSql), deadline);
  if (!result.ok()) co_return result.status();
  if (result->rows.size() != 1 || result->rows[0].size() != 2 ||
      !result->rows[0][0] || !result->rows[0][1]) {
    co_return Lost("gave an unexpected answer during login");
  }
  const std::string& start = *result->rows[0][0];
  std::from_chars(start.data(), start.data() + start.size(), incarnation);
  in_recovery_at_login = *result->rows[0][1] == "t";
  co_return OkStatus();
}

net::Task<StatusOr<ServerConnection::Message>> ServerConnection::Next(
    TimePoint deadline) {
  for (;;) {
    wire::Frame frame;
    wire::FrameStatus status =
        wire::NextFrame(partial, wire::kBackendLimits, &frame);
    if (status == wire::FrameStatus::kMalformed) {
      retired = true;
      co_return wire::FrameError(partial, wire::kBackendLimits);
    }
    if (status == wire::FrameStatus::kComplete) {
      Message message{frame.type, std::string(frame.body)};
      partial.erase(0, frame.bytes.size());
      co_return message;
    }
    net::Stream::Received received = stream->Receive();
    switch (received.state) {
      case net::Stream::State::kData:
        partial.append(received.data);
        break;
      case net::Stream::State::kPending: {
        bool notified = co_await waiter_.Wait(deadline);
        if (!notified) co_return Lost("did not answer in time");
        break;
      }
      case net::Stream::State::kEof:
        retired = true;
        co_return Lost("was closed by the server");
      case net::Stream::State::kBroken:
        retired = true;
        if (!revoked_.ok()) co_return revoked_;
        co_return Lost("was lost: " + std::string(stream->error().message()));
    }
  }
}

net::Task<StatusOr<ResultRows>> ServerConnection::Run(std::string sql,
                                                      TimePoint deadline) {
  std::string message;
  wire::AppendQuery(sql, &message);
  co_return co_await RunMessages(std::move(message), deadline);
}

net::Task<StatusOr<ResultRows>> ServerConnection::RunMessages(
    std::string messages, TimePoint deadline) {
  stream->Attach(&waiter_);
  busy = true;
  unnamed_statement = 0;
  stream->Send(messages);
  ResultRows result;
  Status error;
  for (;;) {
    auto message = co_await Next(deadline);
    if (!message.ok()) {
      retired = true;
      co_return message.status();
    }
    switch (message->type) {
      case wire::backend_type::kDataRow: {
        wire::Values row;
        Status parsed = wire::ParseDataRow(message->body, &row);
        if (!parsed.ok()) co_return parsed;
        auto& copy = result.rows.emplace_back();
        for (const auto& column : row) {
          copy.emplace_back(column ? std::optional<std::string>(*column)
                                   : std::nullopt);
        }
        break;
      }
      case wire::backend_type::kErrorResponse:
        if (error.ok()) error = ServerError(message->body);
        break;
      case wire::backend_type::kParameterStatus: {
        wire::ParameterStatus parameter;
        Status parsed = wire::ParseParameterStatus(message->body, &parameter);
        if (!parsed.ok()) co_return parsed;
        NoteParameter(parameter.name, parameter.value);
        break;
      }
      case wire::backend_type::kNotificationResponse: {
        wire::Notification notification;
        Status parsed = wire::ParseNotification(message->body, &notification);
        if (!parsed.ok()) co_return parsed;
        wire::AppendNotification(notification, &heard);
        break;
      }
      case wire::backend_type::kReadyForQuery: {
        Status parsed =
            wire::ParseReadyForQuery(message->body, &transaction_status);
        if (!parsed.ok()) co_return parsed;
        busy = false;
        if (!error.ok()) co_return error;
        co_return result;
      }
      default:
        break;
    }
  }
}

bool ServerConnection::NoteParameter(std::string_view name,
                                     std::string_view value) {
  if (IsHostParameter(name)) return false;
  ParametersRef changed = tables_->parameters.With(parameters, name, value);
  if (changed == parameters) return false;
  parameters = std::move(changed);
  return true;
}

}  // namespace pgbraid::pool
