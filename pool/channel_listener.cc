#include "pool/channel_listener.h"

#include <utility>

#include "wire/error_response.h"
#include "wire/frame.h"
#include "wire/frontend.h"

namespace pgbraid::pool {
namespace {

namespace type = wire::backend_type;

constexpr Duration kRetryAfter = std::chrono::milliseconds(50);

// Payloads come as the server holds them, whatever its defaults for clients; a
// connection that is silent by nature must not be ended for being idle.
constexpr std::string_view kSetUp =
    "SET client_encoding = 'SQL_ASCII';"
    "SET application_name = 'pgbraid listener';"
    "SELECT pg_catalog.set_config(name, '0', false)"
    " FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout'";

}  // namespace

ChannelListener::ChannelListener(
    net::Reactor* reactor, ShardHosts* hosts, ChannelListenerOptions options,
    ReactorTables* tables, wire::RandomSource* random,
    std::function<void(const wire::Notification&)> on_heard,
    std::function<void(Status)> on_lost)
    : reactor_(reactor),
      hosts_(hosts),
      options_(std::move(options)),
      tables_(tables),
      random_(random),
      on_heard_(std::move(on_heard)),
      on_lost_(std::move(on_lost)),
      wake_(reactor) {}

void ChannelListener::Start() { reactor_->Spawn(Loop()); }

void ChannelListener::SetWanted(bool wanted) {
  wanted_ = wanted;
  wake_.Notify();
}

void ChannelListener::Run(std::string sql, std::function<void()> done) {
  commands_.push_back({std::move(sql), std::move(done)});
  SendCommands();
}

void ChannelListener::Reset() {
  reset_ = true;
  wanted_ = false;
  host_ = -1;
  commands_.clear();
  sent_ = 0;
  wake_.Notify();
}

void ChannelListener::SendCommands() {
  if (connection_ == nullptr || host_ < 0) return;
  std::string out;
  for (; sent_ < commands_.size(); ++sent_) {
    wire::AppendQuery(commands_[sent_].sql, &out);
  }
  if (!out.empty()) connection_->stream->Send(out);
}

net::Task<void> ChannelListener::Loop() {
  for (;;) {
    while (!wanted_) co_await wake_.Wait();
    reset_ = false;
    Status status = co_await Connect();
    if (status.ok() && !reset_) {
      hosts_->Watch(&wake_);
      status = co_await Serve();
      hosts_->Unwatch(&wake_);
    }
    host_ = -1;
    connection_.reset();
    if (reset_ || status.ok()) continue;
    wanted_ = false;
    commands_.clear();
    sent_ = 0;
    on_lost_(std::move(status));
  }
}

net::Task<Status> ChannelListener::Connect() {
  TimePoint deadline = reactor_->clock()->Now() + options_.connect_timeout;
  for (;;) {
    auto primary = co_await hosts_->AwaitPrimary(deadline, nullptr);
    if (!primary.ok()) co_return primary.status();
    ServerConnection::Target target{hosts_->address(*primary),
                                    options_.database, options_.login};
    auto connection = co_await ServerConnection::Open(
        reactor_, std::move(target), tables_, random_, deadline);
    Status status = connection.status();
    if (status.ok() && (*connection)->in_recovery_at_login) {
      status = SqlError(
          sqlstate::kCannotConnectNow,
          "the primary of shard " + options_.shard_name + " became a standby");
    }
    if (status.ok()) {
      auto ready = co_await (*connection)->Run(std::string(kSetUp), deadline);
      status = ready.status();
    }
    if (status.ok()) {
      connection_ = *std::move(connection);
      connection_->stream->Attach(&wake_);
      host_ = *primary;
      co_return OkStatus();
    }
    // A failover may be under way: another primary may come up in time.
    hosts_->Suspect(*primary);
    TimePoint retry = reactor_->clock()->Now() + kRetryAfter;
    if (retry >= deadline || reset_) co_return status;
    co_await net::SleepUntil(reactor_, retry);
  }
}

net::Task<Status> ChannelListener::Serve() {
  SendCommands();
  for (;;) {
    if (reset_) co_return OkStatus();
    Status status = TakeIn();
    if (status.ok()) status = CheckPrimary();
    if (!status.ok()) co_return status;
    bool lingers = !wanted_ && commands_.empty();
    TimePoint deadline =
        lingers ? reactor_->clock()->Now() + options_.linger : TimePoint::max();
    bool notified = co_await wake_.Wait(deadline);
    if (!notified && !wanted_ && commands_.empty()) co_return OkStatus();
  }
}

Status ChannelListener::CheckPrimary() const {
  int primary = hosts_->primary();
  // Where none is known, a lost connection tells of the old one's end.
  if (primary < 0 || primary == host_) return OkStatus();
  return SqlError(sqlstate::kAdminShutdown,
                  "shard " + options_.shard_name + " has a new primary, " +
                      hosts_->address(primary).ToString());
}

Status ChannelListener::TakeIn() {
  for (;;) {
    net::Stream::Received received = connection_->stream->Receive();
    switch (received.state) {
      case net::Stream::State::kPending:
        return OkStatus();
      case net::Stream::State::kEof:
      case net::Stream::State::kBroken:
        return SqlError(sqlstate::kConnectionFailure,
                        "the listening connection to " +
                            connection_->address().ToString() + " was lost");
      case net::Stream::State::kData:
        break;
    }
    connection_->partial.append(received.data);
    std::string_view rest = connection_->partial;
    wire::Frame frame;
    wire::FrameStatus status;
    while ((status = wire::NextFrame(rest, wire::kBackendLimits, &frame)) ==
           wire::FrameStatus::kComplete) {
      PGB_RETURN_IF_ERROR(Handle(frame.type, frame.body));
      rest.remove_prefix(frame.bytes.size());
    }
    if (status == wire::FrameStatus::kMalformed) {
      return wire::FrameError(rest, wire::kBackendLimits);
    }
    connection_->partial.erase(0, connection_->partial.size() - rest.size());
  }
}

Status ChannelListener::Handle(char message_type, std::string_view body) {
  switch (message_type) {
    case type::kNotificationResponse: {
      wire::Notification notification;
      PGB_RETURN_IF_ERROR(wire::ParseNotification(body, &notification));
      on_heard_(notification);
      return OkStatus();
    }
    case type::kReadyForQuery: {
      if (sent_ == 0) return OkStatus();
      std::function<void()> done = std::move(commands_.front().done);
      commands_.pop_front();
      --sent_;
      if (done) done();
      return OkStatus();
    }
    case type::kErrorResponse: {
      wire::ErrorFields fields;
      PGB_RETURN_IF_ERROR(wire::ParseErrorFields(body, &fields));
      return SqlError(fields.sqlstate,
                      "the listening connection to " +
                          connection_->address().ToString() +
                          " was lost: " + std::string(fields.message));
    }
    default:
      return OkStatus();
  }
}

}  // namespace pgbraid::pool
