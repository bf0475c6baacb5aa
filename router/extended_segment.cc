#include "router/extended_segment.h"

#include <utility>

#include "wire/backend.h"
#include "wire/error_response.h"

namespace pgbraid::router {
namespace {

namespace type = wire::frontend_type;
using What = Expected::What;

constexpr size_t kSendAt = 64 * 1024;
constexpr Duration kGraceAfterEnd = std::chrono::milliseconds(100);

}  // namespace

ExtendedSegment::ExtendedSegment(Session* session)
    : s_(session),
      exchange_(&session->client_, session->state_.get(), nullptr) {
  s_->state_->BeginSegment();
}

net::Task<void> ExtendedSegment::Run() {
  Status ready = co_await s_->AwaitCatalogs();
  if (!ready.ok()) RefuseNow(ready);
  Attempt attempt = co_await RunOnce();
  bool primary_only = false;
  bool prepared_again = false;
  while (attempt != Attempt::kDone) {
    primary_only |= attempt == Attempt::kOnPrimary;
    prepared_again |= attempt == Attempt::kAgain;
    ExtendedSegment again(s_);
    again.primary_only_ = primary_only;
    again.prepared_again_ = prepared_again;
    attempt = co_await again.RunOnce();
  }
}

net::Task<Attempt> ExtendedSegment::RunOnce() {
  for (;;) {
    Step step = Step::kNext;
    TakeMessages(&step);
    if (step == Step::kEnd) co_return Attempt::kDone;
    if (step == Step::kScatter) {
      co_await s_->RunScatter(std::move(scatter_), std::move(plan_));
      co_return Attempt::kDone;
    }
    if (step == Step::kAcquire) {
      Status acquired = co_await AcquireTarget();
      if (!acquired.ok()) RefuseNow(acquired);
      continue;
    }
    if (step == Step::kOutside) {
      bool stays = co_await DescribeOutside();
      if (!stays) {
        s_->closing_ = true;
        co_return Attempt::kDone;
      }
      continue;
    }
    if (step == Step::kCheck) {
      bool goes_on = co_await AwaitAnswers();
      if (goes_on) continue;
      if (s_->closing_) co_return Attempt::kDone;
      break;
    }
    SendOut();
    Exchange::Progress progress = exchange_.Pump();
    if (progress == Exchange::Progress::kLost) break;
    s_->CancelIfDue();
    if (synced_ && exchange_.done()) break;
    if (progress == Exchange::Progress::kMoved) continue;
    if (!synced_ && !keep_input_ && s_->client_.Fill()) continue;
    if (s_->client_.broken() || (s_->client_.at_end() && !synced_)) {
      s_->closing_ = true;
      co_return Attempt::kDone;
    }
    TimePoint deadline = TimePoint::max();
    if (s_->client_.hung_up()) {
      deadline = s_->worker_->reactor()->clock()->Now() + kGraceAfterEnd;
    }
    s_->client_.Keep();
    bool notified = co_await s_->client_.waiter()->Wait(deadline);
    if (!notified) {
      s_->closing_ = true;
      co_return Attempt::kDone;
    }
  }
  co_return co_await Finish();
}

net::Task<bool> ExtendedSegment::AwaitAnswers() {
  wire::AppendFlush(&out_);
  SendOut();
  bool stays = co_await s_->Relay(&exchange_);
  if (!stays) {
    s_->closing_ = true;
    co_return false;
  }
  co_return exchange_.done();
}

net::Task<Attempt> ExtendedSegment::Finish() {
  bool lost = !exchange_.done();
  Attempt again = Attempt::kDone;
  if (keep_input_ && s_->held_.standby &&
      (exchange_.wants_primary() || (lost && !exchange_.relayed()))) {
    again = Attempt::kOnPrimary;
  } else if (!lost && exchange_.wants_to_prepare_again()) {
    again = Attempt::kAgain;
  }
  if (again != Attempt::kDone) {
    // The next attempt defines them again.
    for (const auto& [name, client] : defined_) s_->state_->Undefine(name);
    s_->held_->busy = false;
    if (again == Attempt::kAgain) {
      s_->NoteUnseenChange();
      s_->ReleaseLease();
    } else {
      if (s_->worker_->options().log_routes) {
        s_->LogStandbyError(lost ? "lost" : exchange_.standby_error(),
                            "the primary's");
      }
      s_->worker_->shard(s_->held_.shard)->Suspect(s_->held_.host);
      if (lost) s_->held_->retired = true;
      s_->held_ = HeldLease();
    }
    co_return again;
  }
  ConsumeTaken();
  if (!bound_) {
    s_->client_.SendReady(s_->ReadyStatus());
    co_return Attempt::kDone;
  }
  if (lost) {
    s_->ReportLoss(exchange_);
    co_return Attempt::kDone;
  }
  co_await s_->EndSegment(&exchange_);
  if (s_->state_->transaction() != nullptr) {
    for (auto& [name, portal] : portals_) {
      s_->state_->transaction()->portals[name] = portal.query;
    }
  }
  co_return Attempt::kDone;
}

net::Task<bool> ExtendedSegment::DescribeOutside() {
  Status acquired =
      co_await s_->Acquire(s_->ShardOf(Plan()), pool::Consistency::kStrong);
  if (!acquired.ok()) {
    RefuseNow(acquired);
    co_return true;
  }
  exchange_.set_connection(s_->held_.lease.get());
  s_->held_->busy = true;
  SendWaiting();
  // Nothing was executed, so that this Sync commits nothing.
  wire::AppendSync(&out_);
  Expected end;
  end.what = What::kSync;
  end.hidden = true;
  exchange_.Expect(std::move(end));
  s_->held_->stream->Send(out_);
  out_.clear();
  bool stays = co_await s_->Relay(&exchange_);
  if (!stays) co_return false;
  if (!exchange_.done()) {
    Status loss = exchange_.loss();
    s_->worker_->shard(s_->held_.shard)->Suspect(s_->held_.host);
    exchange_.Abandon();
    s_->held_ = HeldLease();
    RefuseNow(loss);
    co_return true;
  }
  exchange_.set_connection(nullptr);
  fresh_.clear();
  s_->held_->busy = false;
  s_->ReleaseLease();
  if (exchange_.failed()) {
    skipping_ = true;
    if (s_->deferred()) s_->state_->transaction()->failed = true;
  }
  co_return true;
}

net::Task<Status> ExtendedSegment::AcquireTarget() {
  int shard = s_->ShardOf(plan_);
  pool::Consistency reads = s_->ReadsOf(plan_);
  if (!s_->TryAcquire(shard, reads)) {
    Status acquired = co_await s_->Acquire(shard, reads);
    if (!acquired.ok()) co_return acquired;
  }
  bound_ = true;
  keep_input_ = whole_ && !s_->state_->in_transaction();
  exchange_.set_connection(s_->held_.lease.get());
  exchange_.set_may_retry(keep_input_ && s_->held_.standby);
  exchange_.set_may_prepare_again(keep_input_ && !prepared_again_);
  s_->held_->busy = true;
  s_->AppendDeferred(&out_, &exchange_);
  SendWaiting();
  if (s_->interrupt_.raised()) s_->CancelOnServers();
  co_return OkStatus();
}

void ExtendedSegment::TakeMessages(Step* step) {
  while (!synced_) {
    if (bound_ && s_->held_->stream->unsent_bytes() > Client::kHighWatermark) {
      return;
    }
    wire::Frame frame;
    wire::FrameStatus status = wire::NextFrame(
        s_->client_.input().substr(cursor_), wire::kFrontendLimits, &frame);
    if (status == wire::FrameStatus::kNeedMore) return;
    if (status == wire::FrameStatus::kMalformed) {
      s_->Fatal(wire::FrameError(s_->client_.input().substr(cursor_),
                                 wire::kFrontendLimits));
      *step = Step::kEnd;
      return;
    }
    *step = Take(frame);
    if (*step != Step::kNext) return;
    cursor_ += frame.bytes.size();
    if (bound_ && !keep_input_) ConsumeTaken();
    if (out_.size() > kSendAt) SendOut();
  }
}

ExtendedSegment::Step ExtendedSegment::Take(const wire::Frame& frame) {
  if (skipping_ && frame.type != type::kSync &&
      frame.type != type::kTerminate) {
    return Step::kNext;
  }
  switch (frame.type) {
    case type::kParse:
      return TakeParse(frame.body);
    case type::kBind:
      return TakeBind(frame);
    case type::kDescribe:
      return TakeDescribe(frame.body);
    case type::kExecute:
      return TakeExecute(frame);
    case type::kClose:
      return TakeClose(frame.body);
    case type::kSync:
      return TakeSync();
    case type::kFlush:
      return TakeFlush();
    case type::kTerminate:
      s_->closing_ = true;
      return Step::kEnd;
    case type::kCopyData:
    case type::kCopyDone:
    case type::kCopyFail:
      if (bound_) out_ += frame.bytes;
      return Step::kNext;
    default:
      // A Query or FunctionCall while the segment is open: as PostgreSQL, the
      // segment's statements take part in its transaction.
      return Refuse(SqlError(
          sqlstate::kFeatureNotSupported,
          "a simple query inside an open extended-protocol segment is not "
          "supported",
          "", "Send Sync first."));
  }
}

void ExtendedSegment::ConsumeTaken() {
  s_->client_.Consume(cursor_);
  cursor_ = 0;
}

ExtendedSegment::Step ExtendedSegment::Refuse(const Status& status) {
  // What came before it is answered first.
  if (!bound_ && !waiting_.empty()) return AskAnyShard();
  return RefuseNow(status);
}

ExtendedSegment::Step ExtendedSegment::RefuseNow(const Status& status) {
  skipping_ = true;
  if (bound_) {
    std::string error;
    wire::AppendErrorResponse(status, wire::Severity::kError, &error);
    return RefuseBound(std::move(error));
  }
  // Nothing of it has reached a server.
  waiting_.clear();
  exchange_.Pump();  // the router's own answers come first
  s_->client_.SendError(status, wire::Severity::kError);
  if (s_->deferred()) s_->state_->transaction()->failed = true;
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::RefuseBound(std::string error) {
  skipping_ = true;
  // The segment fails where it is: a Parse that can't succeed stands for it.
  SendOut();
  wire::AppendParse("", "pgbraid: refused", {}, &out_);
  Expected refusal;
  refusal.what = What::kRefusal;
  refusal.bytes = std::move(error);
  refusal.unnamed = true;
  exchange_.Expect(std::move(refusal));
  return Step::kNext;
}

void ExtendedSegment::Synthesize(std::string bytes) {
  Expected answer;
  answer.what = What::kSynthetic;
  answer.bytes = std::move(bytes);
  Answer(std::move(answer));
}

void ExtendedSegment::Answer(Expected answer) {
  if (!bound_ && !waiting_.empty()) {
    waiting_.push_back({0, nullptr, nullptr, std::move(answer)});
  } else {
    exchange_.Expect(std::move(answer));
  }
}

void ExtendedSegment::SendOut() {
  if (out_.empty() || !bound_) return;
  s_->held_->stream->Send(out_);
  out_.clear();
}

net::Task<void> Session::RunSegment() {
  ExtendedSegment segment(this);
  co_await segment.Run();
}

}  // namespace pgbraid::router
