// While a statement runs on a server: its answers go to the client, and what
// the client sends meanwhile (COPY's data, the rest of a large message) to the
// server. Each direction waits for the other's reader.

#include <utility>

#include "router/session.h"
#include "wire/backend.h"
#include "wire/frame.h"
#include "wire/frontend.h"

namespace pgbraid::router {
namespace {

namespace type = wire::frontend_type;

// A client that has sent all it had to say may still want the answer; one that
// has died does not. For this long it gets the benefit of the doubt.
constexpr Duration kGraceAfterEnd = std::chrono::milliseconds(100);

Status UnexpectedInCopy(char message) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  auto byte = static_cast<unsigned char>(message);
  std::string code = {kDigits[byte >> 4], kDigits[byte & 15]};
  return SqlError(
      sqlstate::kProtocolViolation,
      "unexpected message type 0x" + code + " during COPY from stdin");
}

}  // namespace

net::Task<bool> Session::Relay(Exchange* exchange) {
  TimePoint deadline = TimePoint::max();
  for (;;) {
    switch (exchange->Pump()) {
      case Exchange::Progress::kLost:
        large_.Abandon();
        co_return true;
      case Exchange::Progress::kDone:
        // The server may have failed a COPY in the middle of a message.
        if (!large_.active()) co_return true;
        break;
      case Exchange::Progress::kMoved:
        CancelIfDue();
        continue;
      case Exchange::Progress::kPending:
        break;
    }
    if (!large_.active() && exchange->TakeOwedSync()) {
      std::string sync;
      wire::AppendSync(&sync);
      held_->stream->Send(sync);
    }
    Input input = PassInput(exchange);
    if (input == Input::kMoved) continue;
    if (input == Input::kEnd || client_.broken()) break;
    if (client_.hung_up() && deadline == TimePoint::max()) {
      deadline = worker_->reactor()->now() + kGraceAfterEnd;
    }
    client_.Keep();
    bool notified = co_await client_.waiter()->Wait(deadline);
    if (!notified) break;
  }
  // The lease cancels what still runs, and closes.
  closing_ = true;
  co_return false;
}

Session::Input Session::PassInput(Exchange* exchange) {
  Input input = Input::kNone;
  if (large_.active()) {
    if (large_.Pump(&client_)) return Input::kMoved;
    if (large_.congested()) return Input::kNone;
  } else {
    if (!exchange->copying_in() ||
        held_->stream->unsent_bytes() > Client::kHighWatermark) {
      return Input::kNone;
    }
    input = PassCopyData(exchange);
  }
  if (input != Input::kNone) return input;
  if (client_.Fill()) return Input::kMoved;
  return client_.at_end() ? Input::kEnd : Input::kNone;
}

Session::Input Session::PassCopyData(Exchange* exchange) {
  std::string_view input = client_.input();
  // As much data as there is goes in one piece.
  size_t run = 0;
  wire::FrameHeader header;
  wire::FrameStatus status = wire::FrameStatus::kNeedMore;
  for (;;) {
    std::string_view rest = input.substr(run);
    status = wire::PeekHeader(rest, wire::kFrontendLimits, &header);
    if (status != wire::FrameStatus::kComplete ||
        header.type != type::kCopyData || header.total > rest.size()) {
      break;
    }
    run += header.total;
  }
  if (run > 0) {
    held_->stream->Send(input.substr(0, run));
    client_.Consume(run);
    return Input::kMoved;
  }
  if (status == wire::FrameStatus::kMalformed) {
    Fatal(wire::FrameError(input, wire::kFrontendLimits));
    return Input::kEnd;
  }
  if (status == wire::FrameStatus::kNeedMore) return Input::kNone;
  if (header.type == type::kCopyData) {
    large_.Start(header.total, held_->stream.get());
    return Input::kMoved;
  }
  wire::Frame frame;
  if (wire::NextFrame(input, wire::kFrontendLimits, &frame) !=
      wire::FrameStatus::kComplete) {
    return Input::kNone;
  }
  bool goes_on = PassCopyMessage(frame, exchange);
  client_.Consume(frame.bytes.size());
  return goes_on ? Input::kMoved : Input::kEnd;
}

bool Session::PassCopyMessage(const wire::Frame& frame, Exchange* exchange) {
  switch (frame.type) {
    case type::kCopyDone:
    case type::kCopyFail:
      held_->stream->Send(frame.bytes);
      exchange->EndCopy();
      return true;
    case type::kFlush:
    case type::kSync:
      // PostgreSQL passes over them, since clients send them without knowing
      // that their command was a COPY.
      return true;
    case type::kTerminate:
      return false;
    default:
      client_.SendError(UnexpectedInCopy(frame.type), wire::Severity::kError);
      Fatal(SqlError(sqlstate::kProtocolViolation,
                     "terminating connection because protocol synchronization "
                     "was lost"));
      return false;
  }
}

Status Session::LossError(const Exchange& exchange) const {
  if (exchange.commit_in_flight()) {
    return SqlError(sqlstate::kTransactionResolutionUnknown,
                    "the server was lost during COMMIT",
                    "Whether the transaction was committed is not known.");
  }
  return exchange.loss();
}

bool Session::ReportLoss(const Exchange& exchange) {
  Status error = LossError(exchange);
  worker_->shard(held_.shard)->Suspect(held_.host);
  held_->retired = true;
  bool in_transaction =
      state_->in_transaction() || (state_->pins != 0 && !held_.apart);
  if (!held_.standby) {
    state_->freshness(held_.shard).SeenOnPrimary(worker_->reactor()->now());
  }
  held_ = HeldLease();
  large_.Abandon();
  if (in_transaction) {
    // What the session believes in (its transaction, its temporary tables) is
    // gone: PostgreSQL would have closed the connection too.
    Fatal(error);
    return false;
  }
  state_->Ready(wire::TransactionStatus::kIdle, true);
  client_.SendError(error, wire::Severity::kError);
  return true;
}

}  // namespace pgbraid::router
