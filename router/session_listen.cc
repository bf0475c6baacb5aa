// LISTEN in transaction pooling: what is notified comes from the shared
// listener (channel_hub.h), to be passed on between transactions.
//
// A LISTEN runs twice. Before it is sent, the session is subscribed: the shared
// listener's servers have confirmed that they listen. Then the session's own
// server connection runs it as it stands, so that everything about it
// (transactions, errors, words) is PostgreSQL's; it takes effect for the
// session when the transaction commits there, and is taken back on that
// connection before it serves anybody else.

#include <algorithm>
#include <cstdio>
#include <utility>

#include "router/session.h"
#include "wire/backend.h"
#include "wire/frame.h"

namespace pgbraid::router {
namespace {

// About as long as a statement's answer may be waited for without being asked.
constexpr Duration kUndoTimeout = std::chrono::seconds(5);

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x80; });
}

// "LISTEN "a";LISTEN "b"".
std::string ForEach(std::string_view word,
                    const std::vector<std::string>& channels) {
  std::string sql;
  for (const std::string& channel : channels) {
    if (!sql.empty()) sql += ';';
    sql += word;
    sql += " \"";
    for (char c : channel) {
      if (c == '"') sql += c;
      sql += c;
    }
    sql += '"';
  }
  return sql;
}

}  // namespace

bool Session::MustSubscribe(const RoutedQuery& query) const {
  if (!query.listens() || !state_->shares_listener()) return false;
  const Listening* listening = state_->listening.get();
  for (const sql::Statement& statement : query.statements()) {
    if (statement.kind == sql::Kind::kListen &&
        (listening == nullptr ||
         !listening->subscribed.contains(statement.name))) {
      return true;
    }
  }
  return false;
}

net::Task<Status> Session::Subscribe(std::shared_ptr<const RoutedQuery> query) {
  client_.Keep();
  if (state_->listening == nullptr) {
    state_->listening = std::make_unique<Listening>();
  }
  TimePoint deadline =
      worker_->reactor()->now() + worker_->options().checkout_timeout;
  for (const sql::Statement& statement : query->statements()) {
    if (statement.kind != sql::Kind::kListen ||
        state_->listening->subscribed.contains(statement.name)) {
      continue;
    }
    Status status;
    for (int attempt = 0; attempt < 2; ++attempt) {
      status = co_await worker_->channels()->Listen(
          this, state_->identity->database, statement.name, deadline);
      // The connection may just have been lost: a new one is made.
      if (status.ok() || worker_->reactor()->clock()->Now() >= deadline) break;
    }
    if (!status.ok()) co_return status;
    state_->listening->subscribed.insert(statement.name);
  }
  // All that had been notified before has been told, or was not listened to.
  if (held_) held_->others_wrote = false;
  co_return OkStatus();
}

void Session::DropSubscriptions() {
  Listening* listening = state_->listening.get();
  std::erase_if(listening->subscribed, [&](const std::string& channel) {
    if (listening->channels.Contains(channel)) return false;
    worker_->channels()->Unlisten(this, state_->identity->database, channel);
    return true;
  });
  if (listening->channels.empty()) state_->listening = nullptr;
}

void Session::StopListening() {
  if (state_ == nullptr || state_->listening == nullptr) return;
  state_->listening->channels.Clear();
  DropSubscriptions();
}

void Session::DeliverNotifications() {
  if (!state_->listening->has_waiting()) return;
  client_.Send(state_->listening->Take());
}

void Session::EndListeningSegment() {
  if (state_->listening == nullptr || state_->in_transaction()) return;
  DeliverNotifications();
  DropSubscriptions();
}

void Session::OnNotification(const HeardNotification& heard) {
  if (state_->listening == nullptr || !end_.ok()) return;
  if (!state_->ReadsServerEncoding() &&
      !(IsAscii(heard.payload) && IsAscii(heard.channel))) {
    EndSoon(SqlError(sqlstate::kFeatureNotSupported,
                     "a notification on channel \"" + heard.channel +
                         "\" cannot be converted to the client's encoding",
                     "LISTEN was run under another client_encoding.",
                     "Set client_encoding before LISTEN."));
    return;
  }
  wire::Notification notification;
  notification.process = heard.process;
  notification.channel = heard.channel;
  notification.payload = heard.payload;
  if (held_ && held_.shard == heard.shard && !held_->others_wrote &&
      held_->process_id == heard.process) {
    // Its own: the client knows itself by another number.
    notification.process = process_;
  }
  std::string message;
  wire::AppendNotification(notification, &message);
  state_->listening->Add(heard.channel, std::move(message));
  if (!in_segment_ && !state_->in_transaction()) DeliverNotifications();
  size_t backlog = worker_->options().notification_backlog;
  if (state_->listening->waiting_bytes() + client_.unsent_bytes() > backlog) {
    EndSoon(SqlError(sqlstate::kConfigurationLimit,
                     "the client does not keep up with its notifications",
                     "More than --notification_backlog=" +
                         std::to_string(backlog) + " bytes wait for it."));
  }
}

void Session::OnListenerLost(const Status& why) {
  if (state_->listening == nullptr) return;
  state_->listening->subscribed.clear();
  std::string_view sqlstate = SqlStateOf(why) == sqlstate::kAdminShutdown
                                  ? sqlstate::kAdminShutdown
                                  : sqlstate::kConnectionFailure;
  EndSoon(SqlError(sqlstate,
                   "notifications may have been missed: " + MessageOf(why),
                   "A session that listens cannot go on as if nothing had "
                   "happened.",
                   "Connect again, and LISTEN again."));
}

void Session::EndSoon(Status why) {
  if (!end_.ok()) return;
  end_ = std::move(why);
  std::fprintf(stderr, "pgbraid: %s (%s@%s) is ended: %s\n",
               client_.peer_name().c_str(), state_->identity->user.c_str(),
               state_->identity->database.c_str(), MessageOf(end_).c_str());
  state_->listening->Drop();
  client_.waiter()->Notify();
}

net::Task<bool> Session::SayReady() {
  bool all_told = false;
  if (state_->wrote) {
    // PostgreSQL tells a session of its own notifications before it is ready.
    client_.Keep();
    Status told = co_await worker_->channels()->CatchUp(
        state_->identity->database, held_.shard,
        worker_->reactor()->now() + worker_->options().checkout_timeout);
    all_told = told.ok();
  }
  if (state_->listening != nullptr) DeliverNotifications();
  client_.SendReady(state_->status());
  co_return all_told;
}

net::Task<void> Session::LearnWhoNotifies() {
  if (state_->listening == nullptr || !held_->others_wrote) co_return;
  client_.Keep();
  Status told = co_await worker_->channels()->CatchUp(
      state_->identity->database, held_.shard,
      worker_->reactor()->now() + worker_->options().checkout_timeout);
  if (told.ok()) held_->others_wrote = false;
}

void Session::TellHeard() {
  pool::ServerConnection* connection = held_.lease.get();
  if (connection->heard.empty()) return;
  std::string heard = std::move(connection->heard);
  connection->heard.clear();
  std::string_view rest = heard;
  wire::Frame frame;
  while (wire::NextFrame(rest, wire::kBackendLimits, &frame) ==
         wire::FrameStatus::kComplete) {
    client_.Send(state_->NotificationFrom(*connection, frame.body));
    rest.remove_prefix(frame.bytes.size());
  }
}

net::Task<void> Session::ForgetEarly() {
  client_.Keep();
  for (int shard = 0; shard < worker_->map().shard_count(); ++shard) {
    Status told = co_await worker_->channels()->CatchUp(
        state_->identity->database, shard,
        worker_->reactor()->now() + worker_->options().checkout_timeout);
    if (!told.ok()) break;
  }
  if (state_->listening != nullptr) state_->listening->ForgetEarly();
}

net::Task<Status> Session::ShowChannels() {
  if (state_->listening == nullptr) co_return OkStatus();
  const auto& active = state_->listening->channels.active();
  if (active.empty()) co_return OkStatus();
  if (server_in_transaction()) {
    co_return SqlError(sqlstate::kFeatureNotSupported,
                       "pg_listening_channels(), or code with UNLISTEN, inside "
                       "a transaction is not supported by pooled sessions that "
                       "listen",
                       "Their channels are not those of the server connection "
                       "that runs the transaction.",
                       "Run it outside of a transaction.");
  }
  pool::ServerConnection* connection = held_.lease.get();
  connection->listens.assign(active.begin(), active.end());
  shows_channels_ = true;
  client_.Keep();
  auto done = co_await connection->Run(
      ForEach("LISTEN", connection->listens),
      worker_->reactor()->now() + worker_->options().checkout_timeout);
  connection->stream->Attach(client_.waiter());
  co_return done.status();
}

Status Session::CheckUnlisten(const RoutedQuery& query) const {
  if (!query.unlistens() || !state_->shares_listener()) return OkStatus();
  const bool pending =
      state_->listening != nullptr && state_->listening->channels.has_pending();
  if (!pending && !query.listens()) return OkStatus();
  return SqlError(sqlstate::kFeatureNotSupported,
                  "code with UNLISTEN in the transaction of a LISTEN is not "
                  "supported by pooled sessions",
                  "", "Commit the LISTEN first.");
}

net::Task<void> Session::UndoListens() {
  pool::ServerConnection* connection = held_.lease.get();
  client_.Keep();
  co_await held_.lease.pool()->AwaitCancelEnd(connection);
  std::string sql = ForEach("UNLISTEN", connection->listens);
  if (shows_channels_) {
    sql.insert(0, "SELECT * FROM pg_catalog.pg_listening_channels();");
  }
  auto done = co_await connection->Run(
      std::move(sql), worker_->reactor()->now() + kUndoTimeout);
  connection->stream->Attach(client_.waiter());
  if (!done.ok()) connection->retired = true;
  if (done.ok() && shows_channels_ && state_->listening != nullptr) {
    // What has run may have ended some of them.
    ChannelSet& channels = state_->listening->channels;
    for (const std::string& channel : connection->listens) {
      const bool heard = std::any_of(
          done->rows.begin(), done->rows.end(),
          [&](const auto& row) { return !row.empty() && row[0] == channel; });
      if (!heard && channels.Contains(channel)) channels.Unlisten(channel);
    }
    channels.Commit();
  }
  shows_channels_ = false;
  connection->listens.clear();
}

}  // namespace pgbraid::router
