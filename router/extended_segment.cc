#include "router/extended_segment.h"

#include <utility>

#include "wire/backend.h"
#include "wire/error_response.h"

namespace pgbraid::router {
namespace {

namespace type = wire::frontend_type;
using What = Expected::What;

constexpr size_t kSendAt = 64 * 1024;
// Answers that a server may owe: more than what fits unseen in its own buffer
// of 8 KiB (an answer has 5 bytes at least), so that it never has to be asked
// for them.
constexpr size_t kMaxOutstanding = 4096;
// Some drivers send Flush, and Sync right after it.
constexpr Duration kGraceAfterFlush = std::chrono::milliseconds(100);
constexpr Duration kGraceAfterEnd = std::chrono::milliseconds(100);

}  // namespace

ExtendedSegment::ExtendedSegment(Session* session)
    : s_(session),
      exchange_(&session->client_, session->state_.get(), nullptr),
      unnamed_before_(session->state_->unnamed) {
  s_->state_->BeginSegment();
}

net::Task<void> ExtendedSegment::Run() {
  Status ready = co_await s_->AwaitCatalogs();
  if (!ready.ok()) Fail(ready);
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
  bool finished = false;
  while (!finished) {
    if (exchange_.failed()) skipping_ = true;
    if (exchange_.TakeSwallowedSync()) synced_ = false;
    Step step = TakeMessages();
    switch (step) {
      case Step::kEnd:
        co_return Attempt::kDone;
      case Step::kScatter:
        co_await s_->RunScatter(std::move(scatter_), std::move(plan_));
        co_return Attempt::kDone;
      case Step::kLeave:
        exchange_.Pump();
        ConsumeTaken();
        co_return Attempt::kDone;
      case Step::kAcquire: {
        Status acquired = co_await AcquireTarget();
        if (!acquired.ok()) Fail(acquired);
        break;
      }
      case Step::kListen: {
        Status subscribed = co_await s_->Subscribe(std::move(listens_));
        if (!subscribed.ok()) Refuse(subscribed);
        break;
      }
      case Step::kCatalogs:
        co_await s_->AwaitNewerCatalogs();
        awaited_catalogs_ = true;
        break;
      case Step::kTemporary:
        co_await s_->LearnTemporaryNames();
        break;
      case Step::kCommit:
        co_await s_->ForgetEarly();
        forgot_early_ = true;
        break;
      case Step::kCheck: {
        bool goes_on = co_await AwaitAnswers();
        if (s_->closing_) co_return Attempt::kDone;
        finished = !goes_on;
        break;
      }
      case Step::kOutside: {
        bool stays = co_await DescribeOutside();
        if (!stays) s_->closing_ = true;
        if (!stays) co_return Attempt::kDone;
        break;
      }
      default: {
        bool stays = co_await Advance(step, &finished);
        if (!stays) s_->closing_ = true;
        if (!stays) co_return Attempt::kDone;
        break;
      }
    }
  }
  co_return co_await Finish();
}

net::Task<bool> ExtendedSegment::AwaitAnswers() {
  wire::AppendFlush(&out_);
  SendOut();
  bool stays = co_await s_->Relay(&exchange_);
  co_return stays&& exchange_.done();
}

net::Task<bool> ExtendedSegment::Advance(Step step, bool* finished) {
  bool settles = step == Step::kSettle;
  if (settles && !flushed_) {
    wire::AppendFlush(&out_);
    flushed_ = true;
  }
  SendOut();
  Client& client = s_->client_;
  switch (exchange_.Pump()) {
    case Exchange::Progress::kLost:
      *finished = true;
      co_return true;
    case Exchange::Progress::kMoved:
      s_->CancelIfDue();
      co_return true;
    default:
      s_->CancelIfDue();
      break;
  }
  if (exchange_.done() && synced_ && !s_->large_.active()) {
    *finished = true;
    co_return true;
  }
  if (settles && (exchange_.done() || exchange_.copying_in())) {
    Settle();
    co_return true;
  }
  bool wants_input = step == Step::kMore;
  if (wants_input && client.Fill()) co_return true;
  if (client.broken() || (client.at_end() && wants_input)) co_return false;
  TimePoint deadline = TimePoint::max();
  if (client.hung_up()) {
    deadline = s_->worker_->reactor()->clock()->Now() + kGraceAfterEnd;
  }
  bool awaits_sync = wants_input && std::exchange(awaits_sync_, false);
  if (awaits_sync) {
    deadline = s_->worker_->reactor()->clock()->Now() + kGraceAfterFlush;
  }
  client.Keep();
  bool notified = co_await client.waiter()->Wait(deadline);
  sync_is_late_ = awaits_sync && !notified;
  co_return notified || awaits_sync;
}

void ExtendedSegment::Settle() {
  unsettled_ = false;
  defined_.clear();
  closed_.clear();
  all_closed_ = false;
  unnamed_ = nullptr;
}

net::Task<Attempt> ExtendedSegment::Finish() {
  bool lost = !exchange_.done();
  Attempt again = Attempt::kDone;
  if (may_retry_ &&
      (exchange_.wants_primary() || (lost && !exchange_.relayed()))) {
    again = Attempt::kOnPrimary;
  } else if (!lost && exchange_.wants_to_prepare_again()) {
    again = Attempt::kAgain;
  }
  if (again != Attempt::kDone) {
    PrepareRetry(again, lost);
    co_return again;
  }
  ConsumeTaken();
  if (lost) {
    bool lives = s_->ReportLoss(exchange_);
    if (!lives) co_return Attempt::kDone;
    exchange_.Abandon();
    bound_ = keep_input_ = false;
    skipping_ = true;
    // What the client still has to say of the segment would go elsewhere.
    if (!synced_) co_return co_await RunOnce();
  }
  if (!bound_) {
    s_->client_.SendReady(s_->ReadyStatus());
    co_return Attempt::kDone;
  }
  co_await s_->EndSegment(&exchange_);
  if (Transaction* transaction = s_->state_->transaction()) {
    for (auto& [name, portal] : portals_) {
      if (!portal.local) transaction->portals[name] = portal.query;
    }
  }
  co_return Attempt::kDone;
}

void ExtendedSegment::PrepareRetry(Attempt again, bool lost) {
  // The next attempt defines them again.
  for (const auto& [name, client] : defined_) s_->state_->Undefine(name);
  s_->state_->unnamed = unnamed_before_;
  s_->held_->busy = false;
  if (again == Attempt::kAgain) {
    s_->NoteUnseenChange();
    s_->ReleaseLease();
    return;
  }
  if (s_->worker_->options().log_routes) {
    s_->LogStandbyError(lost ? "lost" : exchange_.standby_error(),
                        "the primary's");
  }
  s_->worker_->shard(s_->held_.shard)->Suspect(s_->held_.host);
  if (lost) s_->held_->retired = true;
  s_->held_ = HeldLease();
}

net::Task<bool> ExtendedSegment::DescribeOutside() {
  Status acquired =
      co_await s_->Acquire(s_->ShardOf(Plan()), pool::Consistency::kStrong);
  if (!acquired.ok()) {
    Fail(acquired);
    co_return true;
  }
  answered_ = true;
  exchange_.set_connection(s_->held_.lease.get());
  s_->held_->busy = true;
  SendWaiting();
  ConsumeTaken();
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
    Fail(loss);
    co_return true;
  }
  exchange_.set_connection(nullptr);
  s_->held_->busy = false;
  s_->ReleaseLease();
  fresh_.clear();
  Settle();
  if (exchange_.failed() && s_->deferred()) {
    s_->state_->transaction()->failed = true;
  }
  co_return true;
}

net::Task<Status> ExtendedSegment::AcquireTarget() {
  if (plan_.reads_sequence ||
      !s_->TryAcquire(s_->ShardOf(plan_), s_->ReadsOf(plan_),
                      plan_.advances_sequence)) {
    Status acquired = co_await s_->AcquireFor(plan_);
    if (!acquired.ok()) co_return acquired;
  }
  if (show_channels_) {
    Status shown = co_await s_->ShowChannels();
    if (!shown.ok()) co_return shown;
  }
  keep_input_ = whole_ && !s_->state_->in_transaction();
  may_retry_ = keep_input_ && (s_->held_.standby || plan_.only_reads);
  exchange_.set_may_retry(may_retry_);
  exchange_.set_may_prepare_again(keep_input_ && !prepared_again_);
  Join();
  co_return OkStatus();
}

void ExtendedSegment::Join() {
  bound_ = true;
  exchange_.set_connection(s_->held_.lease.get());
  s_->held_->busy = true;
  s_->AppendDeferred(&out_, &exchange_);
  s_->AppendSequenceTurn(plan_, &out_, &exchange_);
  SendWaiting();
  if (s_->interrupt_.raised()) s_->CancelOnServers();
}

ExtendedSegment::Step ExtendedSegment::TakeMessages() {
  Client& client = s_->client_;
  while (!synced_) {
    if (s_->large_.active()) {
      if (s_->large_.Pump(&client)) continue;
      return s_->large_.congested() ? Step::kBusy : Step::kMore;
    }
    if (bound_ && (s_->held_->stream->unsent_bytes() > Client::kHighWatermark ||
                   exchange_.outstanding() > kMaxOutstanding)) {
      return Step::kBusy;
    }
    std::string_view rest = client.input().substr(cursor_);
    wire::Frame frame;
    Step step = Step::kNext;
    size_t taken = 0;
    switch (wire::NextFrame(rest, wire::kFrontendLimits, &frame)) {
      case wire::FrameStatus::kNeedMore:
        step = TakePart(rest);
        break;
      case wire::FrameStatus::kMalformed:
        s_->Fatal(wire::FrameError(rest, wire::kFrontendLimits));
        return Step::kEnd;
      case wire::FrameStatus::kComplete:
        step = Take(frame);
        taken = frame.bytes.size();
        break;
    }
    if (step != Step::kNext) return step;
    flushed_ = false;
    if (!s_->large_.active()) cursor_ += taken;
    if (bound_ && !keep_input_) ConsumeTaken();
    if (out_.size() > kSendAt) SendOut();
  }
  while (s_->large_.active()) {
    if (s_->large_.Pump(&client)) continue;
    return s_->large_.congested() ? Step::kBusy : Step::kMore;
  }
  return Step::kBusy;
}

ExtendedSegment::Step ExtendedSegment::Take(const wire::Frame& frame) {
  bool copies = frame.type == type::kCopyData ||
                frame.type == type::kCopyDone || frame.type == type::kCopyFail;
  if (skipping_ && frame.type != type::kSync &&
      frame.type != type::kTerminate) {
    return Step::kNext;
  }
  if (unsettled_ && !exchange_.done() && !exchange_.copying_in() &&
      frame.type != type::kSync && frame.type != type::kFlush &&
      frame.type != type::kTerminate) {
    return Step::kSettle;
  }
  if (copies || exchange_.copying_in()) return TakeCopy(frame);
  if (waiting_.empty()) s_->state_->LookAtChanges();
  if (!std::exchange(awaited_catalogs_, false)) s_->state_->NeedCatalogs();
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
      return TakeSync(frame.body);
    case type::kFlush:
      return TakeFlush(frame.body);
    case type::kQuery:
      return TakeQuery(frame);
    case type::kFunctionCall:
      return TakeFunctionCall(frame.bytes);
    default:
      s_->closing_ = true;
      return Step::kEnd;
  }
}

ExtendedSegment::Step ExtendedSegment::TakePart(std::string_view rest) {
  wire::FrameHeader header;
  if (wire::PeekHeader(rest, wire::kFrontendLimits, &header) !=
          wire::FrameStatus::kComplete ||
      header.total <= LargeMessage::kThreshold) {
    return Step::kMore;
  }
  auto pass = [&](net::Stream* server) {
    SendOut();
    ConsumeTaken();
    s_->large_.Start(header.total, server);
    return Step::kNext;
  };
  if (skipping_) return pass(nullptr);
  if (unsettled_ && !exchange_.done() && !exchange_.copying_in()) {
    return Step::kSettle;
  }
  switch (header.type) {
    case type::kCopyData:
      if (exchange_.copying_in()) return pass(s_->held_->stream.get());
      return exchange_.done() ? pass(nullptr) : Step::kSettle;
    case type::kBind:
      return TakeLargeBind(rest);
    case type::kFunctionCall:
      return TakeFunctionCall(rest);
    default:
      break;
  }
  Status fits = s_->CheckSize(header);
  if (fits.ok()) return Step::kMore;
  if (header.type == type::kQuery) {
    Step step = ReadyForSimple();
    return step == Step::kNext ? RefuseSimple(fits) : step;
  }
  return Refuse(fits);
}

void ExtendedSegment::ConsumeTaken() {
  s_->client_.Consume(cursor_);
  cursor_ = 0;
}

ExtendedSegment::Step ExtendedSegment::Refuse(const Status& status) {
  if (!bound_ && !waiting_.empty()) return AskAnyShard();
  Fail(status);
  return Step::kNext;
}

void ExtendedSegment::Fail(const Status& status) {
  skipping_ = true;
  // An open transaction fails where it is, as any error makes it.
  if (!bound_ && s_->server_in_transaction() && !s_->closing_) Join();
  if (bound_) {
    std::string error;
    wire::AppendErrorResponse(status, wire::Severity::kError, &error);
    FailBound(std::move(error));
    return;
  }
  // Nothing of it has reached a server.
  waiting_.clear();
  exchange_.Pump();  // the router's own answers come first
  s_->client_.SendError(status, wire::Severity::kError);
  if (s_->deferred()) s_->state_->transaction()->failed = true;
}

void ExtendedSegment::FailBound(std::string error) {
  skipping_ = true;
  // What was reset stays so if that has been committed.
  if (!restores_.empty()) s_->held_->tainted = true;
  restores_.clear();
  // A Parse that can't succeed stands for the message.
  wire::AppendParse("", "pgbraid: refused", {}, &out_);
  Expected refusal;
  refusal.what = What::kRefusal;
  refusal.bytes = std::move(error);
  refusal.unnamed = true;
  exchange_.Expect(std::move(refusal));
  SendOut();
}

void ExtendedSegment::End() {
  synced_ = true;
  if (!bound_) return;
  if (!skipping_) Restore(nullptr);
  wire::AppendSync(&out_);
  Expected expected;
  expected.what = What::kSync;
  exchange_.Expect(std::move(expected));
}

void ExtendedSegment::Answer(Expected answer) {
  if (waiting_.empty()) {
    exchange_.Expect(std::move(answer));
    return;
  }
  Waiting behind;
  behind.answer = std::move(answer);
  waiting_.push_back(std::move(behind));
}

void ExtendedSegment::Answer(std::string bytes) {
  Expected answer;
  answer.what = What::kSynthetic;
  answer.bytes = std::move(bytes);
  Answer(std::move(answer));
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
