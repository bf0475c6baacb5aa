// A statement for several shards whose rows are simply put one after another.
//
// All connections are taken in the order of the shards, all or nothing, so that
// two scatters can never wait for each other. Every shard works at once; their
// answers are relayed one after another, and what is not read yet waits in the
// sockets.

#include <charconv>
#include <utility>

#include "router/session.h"
#include "wire/backend.h"
#include "wire/error_response.h"
#include "wire/frame.h"
#include "wire/row.h"

namespace pgbraid::router {
namespace {

namespace type = wire::backend_type;

constexpr Duration kGraceAfterEnd = std::chrono::milliseconds(100);

// "SELECT 17" -> 17.
uint64_t RowsOf(std::string_view tag) {
  size_t space = tag.rfind(' ');
  uint64_t rows = 0;
  if (space != std::string_view::npos) {
    std::from_chars(tag.data() + space + 1, tag.data() + tag.size(), rows);
  }
  return rows;
}

// Whether two shards describe the same columns. The table's OID is each
// shard's own.
bool SameColumns(std::string_view a, std::string_view b) {
  wire::RowDescription left;
  wire::RowDescription right;
  if (!wire::ParseRowDescription(a, &left).ok() ||
      !wire::ParseRowDescription(b, &right).ok() ||
      left.size() != right.size()) {
    return false;
  }
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i].name != right[i].name || left[i].type != right[i].type ||
        left[i].type_modifier != right[i].type_modifier ||
        left[i].format != right[i].format) {
      return false;
    }
  }
  return true;
}

// What has been learnt from the shards read so far.
struct Gathered {
  std::string columns;  // the first RowDescription's body
  bool described = false;
  uint64_t rows = 0;
  std::string error;  // an ErrorResponse, whole; empty: none
};

// Reads one shard's answer. Relays rows, and for the first shard everything
// that is not the end.
class ShardAnswer {
 public:
  enum class State : uint8_t { kPending, kReady, kLost };

  ShardAnswer(Client* client, pool::ServerConnection* connection,
              Gathered* gathered, bool first, bool hide_parse)
      : client_(client),
        connection_(connection),
        gathered_(gathered),
        first_(first),
        hide_parse_(hide_parse) {}

  bool relayed_rows() const { return relayed_rows_; }
  // Relays no more: an error has ended the answer.
  bool failed() const { return failed_; }

  State Pump() {
    if (client_->congested()) return State::kPending;
    net::Stream::Received received = connection_->stream->Receive();
    if (received.state == net::Stream::State::kPending) return State::kPending;
    if (received.state != net::Stream::State::kData) return State::kLost;
    std::string_view input = received.data;
    std::string joined;
    if (!connection_->partial.empty()) {
      joined = std::move(connection_->partial);
      connection_->partial.clear();
      joined.append(input);
      input = joined;
    }
    return Consume(input);
  }

 private:
  State Consume(std::string_view input) {
    size_t run = 0;
    size_t at = 0;
    while (at < input.size()) {
      std::string_view rest = input.substr(at);
      wire::Frame frame;
      wire::FrameStatus status =
          wire::NextFrame(rest, wire::kBackendLimits, &frame);
      if (status == wire::FrameStatus::kMalformed) return State::kLost;
      if (status == wire::FrameStatus::kNeedMore) {
        connection_->partial.assign(rest);
        break;
      }
      if (frame.type == type::kReadyForQuery) {
        client_->Send(input.substr(run, at - run));
        connection_->busy = false;
        return State::kReady;
      }
      if (!Relays(frame)) {
        client_->Send(input.substr(run, at - run));
        run = at + frame.bytes.size();
      }
      at += frame.bytes.size();
    }
    client_->Send(input.substr(run, at - run));
    return State::kPending;
  }

  bool Relays(const wire::Frame& frame) {
    if (failed_) return false;
    switch (frame.type) {
      case type::kDataRow:
        relayed_rows_ = true;
        return true;
      case type::kNoticeResponse:
        return true;
      case type::kRowDescription:
        if (!gathered_->described) {
          gathered_->described = true;
          gathered_->columns = std::string(frame.body);
          return true;
        }
        if (first_) return true;
        if (!SameColumns(gathered_->columns, frame.body)) {
          failed_ = true;
          wire::AppendErrorResponse(
              SqlError(sqlstate::kFeatureNotSupported,
                       "the shards disagree about the columns of the result",
                       "Server " + connection_->address().ToString() +
                           " describes others than the first one."),
              wire::Severity::kError, &gathered_->error);
        }
        return false;
      case type::kCommandComplete: {
        std::string_view tag;
        if (wire::ParseCommandComplete(frame.body, &tag).ok()) {
          gathered_->rows += RowsOf(tag);
        }
        return false;
      }
      case type::kErrorResponse:
        failed_ = true;
        gathered_->error = std::string(frame.bytes);
        return false;
      case type::kParseComplete:
        return first_ && !hide_parse_;
      case type::kParameterStatus:
      case type::kNotificationResponse:
        return false;
      default:
        return first_;
    }
  }

  Client* const client_;
  pool::ServerConnection* const connection_;
  Gathered* const gathered_;
  const bool first_;
  const bool hide_parse_;
  bool relayed_rows_ = false;
  bool failed_ = false;
};

}  // namespace

void Session::EndScatter(std::vector<HeldLease>* leases) {
  scattered_.clear();
  TimePoint now = worker_->reactor()->now();
  for (HeldLease& held : *leases) {
    if (!held.standby) state_->freshness(held.shard).SeenOnPrimary(now);
  }
  leases->clear();
}

net::Task<void> Session::RunScatter(ScatterRequest request, Plan plan) {
  TimePoint deadline =
      worker_->reactor()->now() + worker_->options().checkout_timeout;
  std::vector<HeldLease> leases;
  client_.Keep();
  for (int shard : plan.shards) {
    auto held = co_await Borrow(shard, plan.standby, deadline);
    Status status = held.status();
    if (status.ok()) {
      status = co_await SyncEnvironment(held->lease.get(), deadline);
    }
    if (!status.ok()) {
      RefuseSegment(status);
      co_return;
    }
    leases.push_back(*std::move(held));
  }
  for (HeldLease& held : leases) {
    held->stream->Attach(client_.waiter());
    held->stream->Send(request.messages);
    held->busy = true;
    held->unnamed_statement = 0;
    scattered_.push_back(held.lease.get());
  }
  if (canceled_) Cancel();

  Gathered gathered;
  TimePoint gone = TimePoint::max();
  for (size_t i = 0; i < leases.size(); ++i) {
    ShardAnswer answer(&client_, leases[i].lease.get(), &gathered, i == 0,
                       request.hide_parse);
    for (;;) {
      ShardAnswer::State state = answer.Pump();
      if (state == ShardAnswer::State::kReady) break;
      if (state == ShardAnswer::State::kLost) {
        leases[i]->retired = true;
        worker_->shard(leases[i].shard)->Suspect(leases[i].host);
        gathered.error.clear();
        wire::AppendErrorResponse(
            SqlError(sqlstate::kConnectionFailure,
                     "server connection to " + leases[i]->address().ToString() +
                         " was lost"),
            wire::Severity::kError, &gathered.error);
        break;
      }
      if (client_.broken()) {
        closing_ = true;
        EndScatter(&leases);
        co_return;
      }
      // More may have arrived in the meantime; only then wait.
      if (client_.hung_up() && gone == TimePoint::max()) {
        gone = worker_->reactor()->now() + kGraceAfterEnd;
      }
      client_.Keep();
      bool notified = co_await client_.waiter()->Wait(gone);
      if (!notified) {
        closing_ = true;
        EndScatter(&leases);
        co_return;
      }
    }
    if (!gathered.error.empty()) break;
  }
  EndScatter(&leases);
  std::string end = gathered.error;
  if (end.empty()) {
    wire::AppendCommandComplete("SELECT " + std::to_string(gathered.rows),
                                &end);
  }
  wire::AppendReadyForQuery(state_->status(), &end);
  client_.Send(end);
}

}  // namespace pgbraid::router
