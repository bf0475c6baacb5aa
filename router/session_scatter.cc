// A statement for several shards whose rows are simply put one after another.
//
// All connections are taken in the order of the shards, all or nothing, so that
// two scatters can never wait for each other. Every shard works at once; their
// answers are relayed one after another, and what is not read yet waits in the
// sockets.

#include <charconv>
#include <utility>

#include "router/prepare_on_server.h"
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

}  // namespace

// What has been learnt from the shards read so far.
struct Session::Gathered {
  std::string columns;  // the first RowDescription's body
  bool described = false;
  bool hides_columns = false;
  uint64_t told = 0;     // the shape that the client relies on; 0: none
  bool started = false;  // something has gone to the client
  uint64_t rows = 0;
  std::string error;  // an ErrorResponse, whole; empty: none
};

namespace {

// Reads one shard's answer. Relays rows, and for the first shard everything
// that is not the end.
class ShardAnswer {
 public:
  enum class State : uint8_t { kPending, kReady, kLost };

  // `first`: the acknowledgements are this shard's to give. `standby`: an error
  // of recovery is not relayed but reported by wants_primary().
  ShardAnswer(Client* client, pool::ServerConnection* connection,
              Session::Gathered* gathered, bool first, bool hide_parse,
              bool standby)
      : client_(client),
        connection_(connection),
        gathered_(gathered),
        first_(first),
        hide_parse_(hide_parse),
        standby_(standby) {}

  // The primary can give this shard's whole answer in its place.
  bool wants_primary() const { return wants_primary_; }
  bool may_repeat() const { return standby_ && !relayed_rows_; }

  State Pump() {
    if (client_->congested()) return State::kPending;
    if (!client_->input().empty()) client_->Keep();
    net::Stream::Received received = connection_->stream->Receive();
    if (received.state == net::Stream::State::kPending) return State::kPending;
    if (received.state != net::Stream::State::kData) return State::kLost;
    if (connection_->partial.empty()) return Consume(received.data);
    // A message that comes in pieces is looked at again once it is whole.
    connection_->partial.append(received.data);
    wire::FrameHeader header;
    if (wire::PeekHeader(connection_->partial, wire::kBackendLimits, &header) ==
            wire::FrameStatus::kComplete &&
        header.total > connection_->partial.size()) {
      return State::kPending;
    }
    std::string input = std::move(connection_->partial);
    connection_->partial.clear();
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
    bool relays = !failed_ && IsForClient(frame);
    gathered_->started |= relays;
    return relays;
  }

  bool IsForClient(const wire::Frame& frame) {
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
          if (gathered_->told > kShapeOfNoData &&
              ShapeOf(frame.body) != gathered_->told) {
            failed_ = true;
            gathered_->error = ChangedColumns();
          }
          return !failed_ && !gathered_->hides_columns;
        }
        if (first_) return !gathered_->hides_columns;
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
        if (may_repeat() && StandbyCannot(wire::IdentifyError(frame.body))) {
          wants_primary_ = true;
          return false;
        }
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
  Session::Gathered* const gathered_;
  const bool first_;
  const bool hide_parse_;
  const bool standby_;
  bool relayed_rows_ = false;
  bool failed_ = false;  // an error ends the answer: nothing more is relayed
  bool wants_primary_ = false;
};

}  // namespace

void Session::EndScatter(std::vector<HeldLease>* leases) {
  scattered_.clear();
  TimePoint now = worker_->reactor()->now();
  for (HeldLease& held : *leases) {
    if (!held.standby) state_->freshness(held.shard).SeenOnPrimary(now);
    if (!held.pinned) continue;
    held->busy = false;
    held.pinned = false;
    pinned_.push_back(std::move(held));
  }
  leases->clear();
}

void Session::StartScattered(HeldLease* held, const ScatterRequest& request) {
  (*held)->stream->Attach(client_.waiter());
  (*held)->stream->Send(request.messages);
  (*held)->busy = true;
  (*held)->unnamed_statement = 0;
  scattered_.push_back(held);
}

net::Task<void> Session::RunScatter(ScatterRequest request, Plan plan) {
  TimePoint deadline =
      worker_->reactor()->now() + worker_->options().checkout_timeout;
  std::vector<HeldLease> leases;
  client_.Keep();
  Status acquired;
  for (int shard : plan.shards) {
    // A second connection beside its own could be waited for in vain.
    HeldLease held = TakePinned(shard);
    if (held) {
      acquired = co_await SyncEnvironment(held.lease.get());
    } else {
      auto borrowed = co_await BorrowReady(shard, ReadsOf(plan), deadline);
      acquired = borrowed.status();
      if (acquired.ok()) held = *std::move(borrowed);
    }
    if (!acquired.ok()) break;
    leases.push_back(std::move(held));
  }
  if (acquired.ok() && interrupt_.raised()) {
    acquired = pool::Interrupt::Error();
  }
  if (!acquired.ok()) {
    EndScatter(&leases);
    RefuseSegment(acquired);
    co_return;
  }
  for (HeldLease& held : leases) StartScattered(&held, request);

  Gathered gathered;
  gathered.hides_columns = request.hide_columns;
  if (request.hide_columns) gathered.told = request.client->told;
  for (size_t i = 0; i < leases.size() && gathered.error.empty(); ++i) {
    ScatterStep step =
        co_await ReadShard(&leases[i], &gathered, i == 0, request.hide_parse);
    if (step == ScatterStep::kPrimary) {
      step = co_await RepeatOnPrimary(&leases[i], &gathered, i == 0, request);
    }
    if (step == ScatterStep::kGone) {
      closing_ = true;
      EndScatter(&leases);
      co_return;
    }
  }
  EndScatter(&leases);
  if (request.client != nullptr && gathered.described &&
      !request.hide_columns) {
    request.client->told = ShapeOf(gathered.columns);
  }
  std::string end = gathered.error;
  if (end.empty()) {
    wire::AppendCommandComplete("SELECT " + std::to_string(gathered.rows),
                                &end);
  }
  wire::AppendReadyForQuery(state_->status(), &end);
  client_.Send(end);
}

net::Task<Session::ScatterStep> Session::ReadShard(HeldLease* held,
                                                   Gathered* gathered,
                                                   bool first,
                                                   bool hide_parse) {
  ShardAnswer answer(&client_, held->lease.get(), gathered, first, hide_parse,
                     held->standby);
  TimePoint gone = TimePoint::max();
  for (;;) {
    ShardAnswer::State state = answer.Pump();
    if (state == ShardAnswer::State::kReady) {
      co_return answer.wants_primary() ? ScatterStep::kPrimary
                                       : ScatterStep::kDone;
    }
    if (state == ShardAnswer::State::kLost) {
      (*held)->retired = true;
      worker_->shard(held->shard)->Suspect(held->host);
      if (held->pinned) {
        // What the session kept it for is gone.
        Fatal((*held)->LossError());
        co_return ScatterStep::kGone;
      }
      if (answer.may_repeat()) co_return ScatterStep::kPrimary;
      wire::AppendErrorResponse((*held)->LossError(), wire::Severity::kError,
                                &gathered->error);
      co_return ScatterStep::kDone;
    }
    if (client_.broken()) co_return ScatterStep::kGone;
    if (client_.hung_up() && gone == TimePoint::max()) {
      gone = worker_->reactor()->now() + kGraceAfterEnd;
    }
    client_.Keep();
    bool notified = co_await client_.waiter()->Wait(gone);
    if (!notified) co_return ScatterStep::kGone;
  }
}

net::Task<Session::ScatterStep> Session::RepeatOnPrimary(
    HeldLease* held, Gathered* gathered, bool first,
    const ScatterRequest& request) {
  int shard = held->shard;
  std::erase(scattered_, held);
  *held = HeldLease();
  TimePoint deadline =
      worker_->reactor()->now() + worker_->options().checkout_timeout;
  auto primary =
      co_await BorrowReady(shard, pool::Consistency::kStrong, deadline);
  Status status = primary.status();
  if (!status.ok()) {
    wire::AppendErrorResponse(status, wire::Severity::kError, &gathered->error);
    co_return ScatterStep::kDone;
  }
  *held = *std::move(primary);
  StartScattered(held, request);
  if (interrupt_.raised()) CancelOnServers();
  // What was acknowledged is not acknowledged again.
  co_return co_await ReadShard(held, gathered, first && !gathered->started,
                               request.hide_parse);
}

}  // namespace pgbraid::router
