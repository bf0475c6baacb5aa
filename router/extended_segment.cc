#include "router/extended_segment.h"

#include <utility>

#include "router/planner.h"
#include "wire/backend.h"

namespace pgbraid::router {
namespace {

namespace type = wire::frontend_type;
using What = Expected::What;

constexpr size_t kMaxRetryBytes = 64 * 1024;
constexpr size_t kSendAt = 64 * 1024;

std::string Ack(char t) {
  std::string message;
  wire::AppendEmpty(t, &message);
  return message;
}

Status NoStatement(std::string_view name) {
  return SqlError(sqlstate::kInvalidStatementName,
                  name.empty() ? "unnamed prepared statement does not exist"
                               : "prepared statement \"" + std::string(name) +
                                     "\" does not exist");
}

}  // namespace

ExtendedSegment::ExtendedSegment(Session* session)
    : s_(session),
      exchange_(&session->client_, session->state_.get(), nullptr),
      before_(session->state_->settings) {}

net::Task<void> ExtendedSegment::Run() {
  Status ready = co_await s_->AwaitCatalogs();
  s_->canceled_ = false;
  if (!ready.ok()) Refuse(ready);
  bool done = co_await RunOnce();
  if (!done) {
    ExtendedSegment again(s_);
    again.primary_only_ = true;
    co_await again.RunOnce();
  }
}

net::Task<bool> ExtendedSegment::RunOnce() {
  for (;;) {
    Step step = Step::kNext;
    TakeMessages(&step);
    if (step == Step::kEnd) co_return true;
    if (step == Step::kScatter) {
      co_await s_->RunScatter(std::move(scatter_), std::move(plan_));
      co_return true;
    }
    if (step == Step::kAcquire) {
      Status acquired = co_await AcquireTarget();
      if (!acquired.ok()) Refuse(acquired);
      continue;
    }
    if (step == Step::kOutside) {
      bool stays = co_await DescribeOutside();
      if (!stays) {
        s_->closing_ = true;
        co_return true;
      }
      continue;
    }
    SendOut();
    Exchange::Progress progress = exchange_.Pump();
    if (progress == Exchange::Progress::kLost) break;
    if (synced_ && exchange_.done()) break;
    if (progress == Exchange::Progress::kMoved) continue;
    if (!synced_ && !keep_input_ && s_->client_.Fill()) continue;
    if (s_->client_.broken() || (s_->client_.at_end() && !synced_)) {
      s_->closing_ = true;
      co_return true;
    }
    TimePoint deadline = TimePoint::max();
    if (s_->client_.hung_up()) {
      deadline = s_->worker_->reactor()->clock()->Now() +
                 std::chrono::milliseconds(100);
    }
    s_->client_.Keep();
    bool notified = co_await s_->client_.waiter()->Wait(deadline);
    if (!notified) {
      s_->closing_ = true;
      co_return true;
    }
  }
  bool lost = !exchange_.done();
  if (keep_input_) {
    if (exchange_.wants_primary() || (lost && !exchange_.relayed())) {
      s_->worker_->shard(s_->held_.shard)->Suspect(s_->held_.host);
      s_->held_->busy = false;
      if (lost) s_->held_->retired = true;
      s_->held_ = HeldLease();
      // The second attempt defines them again.
      for (const auto& [name, prepared] : defined_) {
        if (s_->state_->prepared != nullptr) s_->state_->prepared->erase(name);
      }
      co_return false;
    }
  }
  ConsumeTaken();
  if (!bound_) {
    s_->client_.SendReady(s_->ReadyStatus());
    co_return true;
  }
  if (lost) {
    s_->ReportLoss(exchange_);
    co_return true;
  }
  if (unnamed_ != nullptr) s_->state_->unnamed = unnamed_;
  co_await s_->EndSegment(&exchange_, std::move(before_));
  if (s_->state_->transaction() != nullptr) {
    for (auto& [name, portal] : portals_) {
      s_->state_->transaction()->portals[name] = portal.query;
    }
  }
  co_return true;
}

net::Task<bool> ExtendedSegment::DescribeOutside() {
  Status acquired =
      co_await s_->Acquire(s_->ShardOf(Plan()), pool::Consistency::kStrong);
  if (!acquired.ok()) {
    Refuse(acquired);
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
    Refuse(loss);
    co_return true;
  }
  exchange_.set_connection(nullptr);
  s_->held_->busy = false;
  s_->ReleaseLease();
  if (exchange_.failed()) {
    skipping_ = true;
    if (s_->deferred()) s_->state_->transaction()->failed = true;
  }
  if (unnamed_ != nullptr) s_->state_->unnamed = unnamed_;
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
  keep_input_ = s_->held_.standby && !s_->state_->in_transaction();
  exchange_.set_connection(s_->held_.lease.get());
  exchange_.set_may_retry(keep_input_);
  s_->held_->busy = true;
  if (s_->canceled_) s_->Cancel();
  s_->AppendDeferred(&out_, &exchange_);
  SendWaiting();
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
  skipping_ = true;
  if (bound_) {
    // The segment fails where it is: a Parse that can't succeed stands for it.
    SendOut();
    wire::AppendParse("", "pgbraid: refused", {}, &out_);
    Expected refusal;
    refusal.what = What::kRefusal;
    wire::AppendErrorResponse(status, wire::Severity::kError, &refusal.bytes);
    exchange_.Expect(std::move(refusal));
    return Step::kNext;
  }
  // Nothing of it has reached a server.
  waiting_.clear();
  exchange_.Pump();  // the router's own answers come first
  s_->client_.SendError(status, wire::Severity::kError);
  if (s_->deferred()) s_->state_->transaction()->failed = true;
  return Step::kNext;
}

void ExtendedSegment::Synthesize(std::string bytes) {
  Expected answer;
  answer.what = What::kSynthetic;
  answer.bytes = std::move(bytes);
  exchange_.Expect(std::move(answer));
}

void ExtendedSegment::SendOut() {
  if (out_.empty() || !bound_) return;
  s_->held_->stream->Send(out_);
  out_.clear();
}

PreparedRef ExtendedSegment::FindPrepared(std::string_view name) {
  if (name.empty()) {
    return unnamed_ != nullptr ? unnamed_ : s_->state_->unnamed;
  }
  auto own = defined_.find(name);
  if (own != defined_.end()) return own->second;
  if (s_->state_->prepared == nullptr || closed_.contains(name)) {
    return nullptr;
  }
  auto found = s_->state_->prepared->find(name);
  return found == s_->state_->prepared->end() ? nullptr : found->second;
}

void ExtendedSegment::Recognize(const PreparedRef& prepared) {
  const StatementContextRef& context = s_->Context();
  if (prepared->recognized.context == context.get() &&
      prepared->recognized.query != nullptr) {
    return;
  }
  s_->worker_->recognizer()->Recognize(prepared->text, context,
                                       &prepared->recognized);
}

ExtendedSegment::Step ExtendedSegment::TakeParse(std::string_view body) {
  wire::ParseMessage parse;
  Status parsed = wire::ParseParse(body, &parse);
  if (!parsed.ok()) {
    s_->Fatal(parsed);
    return Step::kEnd;
  }
  if (!parse.name.empty() && FindPrepared(parse.name) != nullptr) {
    return Refuse(SqlError(sqlstate::kDuplicatePreparedStatement,
                           "prepared statement \"" + std::string(parse.name) +
                               "\" already exists"));
  }
  PreparedRef prepared = s_->worker_->prepared()->Intern(
      parse.text, parse.types, s_->state_->settings.effective->frozen_hash());
  Recognize(prepared);
  if (!prepared->recognized.error.ok()) {
    return Refuse(prepared->recognized.error);
  }
  std::string name(parse.name);
  if (name.empty()) {
    unnamed_ = prepared;
  } else {
    defined_[name] = prepared;
  }
  if (s_->IsLocal(prepared->recognized, bound_)) {
    Expected answer;
    answer.what = What::kSynthetic;
    answer.bytes = Ack(wire::backend_type::kParseComplete);
    answer.prepared = prepared;
    answer.name = name;
    answer.defines = !name.empty();
    if (name.empty()) s_->state_->unnamed = prepared;
    exchange_.Expect(std::move(answer));
    return Step::kNext;
  }
  if (bound_) {
    SendParse(prepared, name);
  } else {
    waiting_.push_back({type::kParse, prepared, name});
  }
  return Step::kNext;
}

void ExtendedSegment::SendParse(const PreparedRef& prepared,
                                const std::string& name) {
  pool::ServerConnection* connection = s_->held_.lease.get();
  Expected expected;
  expected.prepared = prepared;
  expected.name = name;
  expected.defines = !name.empty();
  if (name.empty()) {
    expected.what = What::kParse;
    wire::AppendParse("", prepared->text, prepared->type_list(), &out_);
    connection->unnamed_statement = prepared->id;
    exchange_.Expect(std::move(expected));
    return;
  }
  if (connection->prepared.Use(prepared->id)) {
    expected.what = What::kSynthetic;
    expected.bytes = Ack(wire::backend_type::kParseComplete);
    exchange_.Expect(std::move(expected));
    return;
  }
  expected.what = What::kParse;
  wire::AppendParse(prepared->server_name, prepared->text,
                    prepared->type_list(), &out_);
  connection->prepared.Add(prepared->id);
  exchange_.Expect(std::move(expected));
}

void ExtendedSegment::EnsurePrepared(const PreparedRef& prepared) {
  pool::ServerConnection* connection = s_->held_.lease.get();
  if (connection->prepared.Use(prepared->id)) return;
  size_t limit = static_cast<size_t>(s_->worker_->options().max_prepared);
  if (auto evicted = connection->prepared.Evict(limit - 1)) {
    wire::AppendClose(wire::Target::kStatement,
                      "pgbraid_" + std::to_string(*evicted), &out_);
    Expected closed;
    closed.what = What::kClose;
    closed.hidden = true;
    exchange_.Expect(std::move(closed));
  }
  wire::AppendParse(prepared->server_name, prepared->text,
                    prepared->type_list(), &out_);
  connection->prepared.Add(prepared->id);
  Expected expected;
  expected.what = What::kParse;
  expected.hidden = true;
  expected.prepared = prepared;
  exchange_.Expect(std::move(expected));
}

void ExtendedSegment::SendWaiting() {
  for (Waiting& waiting : waiting_) {
    if (waiting.type == type::kParse) {
      SendParse(waiting.prepared, waiting.name);
      continue;
    }
    // Describe of a statement.
    Expected expected;
    expected.what = What::kDescribeStatement;
    expected.prepared = waiting.prepared;
    if (waiting.name.empty() &&
        s_->held_->unnamed_statement == waiting.prepared->id) {
      wire::AppendDescribe(wire::Target::kStatement, "", &out_);
    } else {
      EnsurePrepared(waiting.prepared);
      wire::AppendDescribe(wire::Target::kStatement,
                           waiting.prepared->server_name, &out_);
    }
    exchange_.Expect(std::move(expected));
  }
  waiting_.clear();
}

Plan ExtendedSegment::PlanBind(const PreparedRef& prepared,
                               const wire::BindMessage& bind) {
  Recognize(prepared);
  ExecutionValues values;
  values.text = prepared->text;
  values.fingerprint = &prepared->recognized.fingerprint;
  values.modes = s_->state_->context->modes;
  values.context = s_->state_->context->keys;
  values.bind = &bind;
  values.parameter_types = prepared->parameter_types();
  values.used_once = &prepared->recognized.query->used_once();
  Plan plan = s_->Restrict(PlanQuery(*prepared->recognized.query, values));
  plan.standby = plan.standby && !prepared->has_user_types();
  return plan;
}

bool ExtendedSegment::EndsPlainly(size_t from) const {
  std::string_view rest = s_->client_.input().substr(from);
  if (s_->client_.input().size() > kMaxRetryBytes) return false;
  wire::Frame frame;
  while (wire::NextFrame(rest, wire::kFrontendLimits, &frame) ==
         wire::FrameStatus::kComplete) {
    if (frame.type == type::kSync) return true;
    if (frame.type != type::kExecute && frame.type != type::kDescribe) {
      return false;
    }
    rest.remove_prefix(frame.bytes.size());
  }
  return false;
}

ExtendedSegment::Step ExtendedSegment::TakeBind(const wire::Frame& frame) {
  wire::BindMessage bind;
  Status parsed = wire::ParseBind(frame.body, &bind);
  if (!parsed.ok()) {
    s_->Fatal(parsed);
    return Step::kEnd;
  }
  PreparedRef prepared = FindPrepared(bind.statement);
  if (prepared == nullptr) return Refuse(NoStatement(bind.statement));
  Recognize(prepared);
  const sql::Statement* single = prepared->recognized.query->single();
  bool ends = single != nullptr && (single->kind == sql::Kind::kCommit ||
                                    single->kind == sql::Kind::kRollback);
  if (s_->deferred() && s_->state_->transaction()->failed && !ends) {
    return Refuse(SqlError(sqlstate::kInFailedSqlTransaction,
                           "current transaction is aborted, commands ignored "
                           "until end of transaction block"));
  }
  std::string portal_name(bind.portal);
  if (s_->IsLocal(prepared->recognized, bound_)) {
    portals_[portal_name] = {prepared->recognized.query, prepared, true};
    Synthesize(Ack(wire::backend_type::kBindComplete));
    return Step::kNext;
  }
  Plan plan = PlanBind(prepared, bind);
  if (s_->worker_->options().log_routes) s_->LogRoute(plan, prepared->text);
  if (plan.refused()) return Refuse(plan.refusal);
  if (!bound_) {
    size_t after = static_cast<size_t>(frame.bytes.data() + frame.bytes.size() -
                                       s_->client_.input().data());
    bool plain = EndsPlainly(after);
    if (plan.kind == Plan::Kind::kScatter) {
      return PrepareScatter(prepared, bind, plan, after);
    }
    plan.standby =
        plan.standby && plain && !primary_only_ && !prepared->has_user_types();
    plan_ = std::move(plan);
    return Step::kAcquire;
  }
  if (plan.kind == Plan::Kind::kScatter ||
      (plan.kind == Plan::Kind::kOneShard && plan.shard() != s_->held_.shard)) {
    return Refuse(SqlError(
        sqlstate::kFeatureNotSupported,
        "statements on different shards in one transaction are not supported",
        "Everything up to Sync is one implicit transaction."));
  }
  portals_[portal_name] = {prepared->recognized.query, prepared, false};
  std::string_view server_name;
  if (!bind.statement.empty()) {
    EnsurePrepared(prepared);
    server_name = prepared->server_name;
  } else if (s_->held_->unnamed_statement != prepared->id) {
    // Prepared in an earlier segment, perhaps elsewhere.
    wire::AppendParse("", prepared->text, prepared->type_list(), &out_);
    s_->held_->unnamed_statement = prepared->id;
    Expected again;
    again.what = What::kParse;
    again.hidden = true;
    again.prepared = prepared;
    exchange_.Expect(std::move(again));
  }
  wire::AppendBind(bind.portal, server_name, bind.rest, &out_);
  Expected expected;
  expected.what = What::kBind;
  exchange_.Expect(std::move(expected));
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::PrepareScatter(
    const PreparedRef& prepared, const wire::BindMessage& bind,
    const Plan& plan, size_t from) {
  Status refusal = SqlError(
      sqlstate::kFeatureNotSupported,
      "a statement over several shards together with others in one segment is "
      "not supported",
      "It has to be alone between two Syncs, and be executed whole.");
  if (!exchange_.done()) return Refuse(refusal);
  std::string request;
  wire::AppendParse("", prepared->text, prepared->type_list(), &request);
  bool parsed = false;
  for (const Waiting& waiting : waiting_) {
    if (waiting.prepared != prepared) return Refuse(refusal);
    if (waiting.type == type::kParse) {
      parsed = true;
    } else {
      wire::AppendDescribe(wire::Target::kStatement, "", &request);
    }
  }
  wire::AppendBind("", "", bind.rest, &request);
  size_t executes = 0;
  for (;;) {
    wire::Frame frame;
    if (wire::NextFrame(s_->client_.input().substr(from), wire::kFrontendLimits,
                        &frame) != wire::FrameStatus::kComplete) {
      return Refuse(refusal);
    }
    from += frame.bytes.size();
    if (frame.type == type::kSync) break;
    wire::TargetMessage describe;
    wire::ExecuteMessage execute;
    if (frame.type == type::kDescribe && executes == 0 &&
        wire::ParseDescribe(frame.body, &describe).ok() &&
        describe.target == wire::Target::kPortal) {
      wire::AppendDescribe(wire::Target::kPortal, "", &request);
    } else if (frame.type == type::kExecute && ++executes == 1 &&
               wire::ParseExecute(frame.body, &execute).ok() &&
               execute.max_rows <= 0) {
      wire::AppendExecute("", 0, &request);
    } else {
      return Refuse(refusal);
    }
  }
  if (executes != 1) return Refuse(refusal);
  wire::AppendSync(&request);
  scatter_.messages = std::move(request);
  scatter_.hide_parse = !parsed;
  for (auto& [name, defined] : defined_) {
    if (s_->state_->prepared == nullptr) {
      s_->state_->prepared = std::make_unique<PreparedNamesOfClient>();
    }
    (*s_->state_->prepared)[name] = defined;
  }
  if (unnamed_ != nullptr) s_->state_->unnamed = unnamed_;
  plan_ = plan;
  s_->client_.Consume(from);
  return Step::kScatter;
}

ExtendedSegment::Step ExtendedSegment::TakeDescribe(std::string_view body) {
  wire::TargetMessage describe;
  Status parsed = wire::ParseDescribe(body, &describe);
  if (!parsed.ok()) {
    s_->Fatal(parsed);
    return Step::kEnd;
  }
  if (describe.target == wire::Target::kPortal) {
    auto portal = portals_.find(describe.name);
    if (portal != portals_.end() && portal->second.local) {
      DescribeLocal(portal->second.prepared, false);
      return Step::kNext;
    }
    if (!bound_) return NeedJoined();
    wire::AppendDescribe(wire::Target::kPortal, describe.name, &out_);
    Expected expected;
    expected.what = What::kDescribePortal;
    exchange_.Expect(std::move(expected));
    return Step::kNext;
  }
  PreparedRef prepared = FindPrepared(describe.name);
  if (prepared == nullptr) return Refuse(NoStatement(describe.name));
  Recognize(prepared);
  if (s_->IsLocal(prepared->recognized, bound_)) {
    DescribeLocal(prepared, true);
    return Step::kNext;
  }
  waiting_.push_back({type::kDescribe, prepared, std::string(describe.name)});
  if (bound_) SendWaiting();
  return Step::kNext;
}

void ExtendedSegment::DescribeLocal(const PreparedRef& prepared,
                                    bool statement) {
  std::string bytes;
  if (statement) wire::AppendParameterDescription({}, &bytes);
  std::string rows = s_->DescribeLocal(prepared->recognized);
  bytes += rows.empty() ? Ack(wire::backend_type::kNoData) : rows;
  Synthesize(std::move(bytes));
}

ExtendedSegment::Step ExtendedSegment::AskAnyShard() {
  // Parse and Describe alone: any shard can answer, the joined one if there is
  // one, and outside of a transaction that has not chosen its shard yet.
  plan_ = Plan();
  return s_->server_in_transaction() || s_->state_->pins != 0 ? Step::kAcquire
                                                              : Step::kOutside;
}

ExtendedSegment::Step ExtendedSegment::NeedJoined() {
  // It names a portal of the open transaction, or one that does not exist:
  // whoever holds the transaction knows.
  plan_ = Plan();
  return Step::kAcquire;
}

ExtendedSegment::Step ExtendedSegment::TakeExecute(const wire::Frame& frame) {
  wire::ExecuteMessage execute;
  Status parsed = wire::ParseExecute(frame.body, &execute);
  if (!parsed.ok()) {
    s_->Fatal(parsed);
    return Step::kEnd;
  }
  auto portal = portals_.find(execute.portal);
  if (portal != portals_.end() && portal->second.local) {
    return ExecuteLocal(portal->second.prepared);
  }
  if (!bound_) return NeedJoined();
  Expected expected;
  expected.what = What::kExecute;
  if (portal != portals_.end()) {
    expected.query = portal->second.query;
  } else if (Transaction* transaction = s_->state_->transaction()) {
    auto known = transaction->portals.find(execute.portal);
    if (known != transaction->portals.end()) expected.query = known->second;
  }
  out_ += frame.bytes;
  exchange_.Expect(std::move(expected));
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::ExecuteLocal(
    const PreparedRef& prepared) {
  if (bound_ && !s_->IsLocal(prepared->recognized, bound_)) {
    // A server has joined since: it has to hear of it.
    return Refuse(SqlError(sqlstate::kFeatureNotSupported,
                           "this order of statements in one segment is not "
                           "supported"));
  }
  Session::LocalAnswer answer =
      s_->AnswerLocally(prepared->recognized, prepared->text);
  if (!answer.error.ok()) return Refuse(answer.error);
  Synthesize(std::move(answer.messages));
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::TakeClose(std::string_view body) {
  wire::TargetMessage close;
  Status parsed = wire::ParseClose(body, &close);
  if (!parsed.ok()) {
    s_->Fatal(parsed);
    return Step::kEnd;
  }
  if (close.target == wire::Target::kPortal) {
    auto portal = portals_.find(close.name);
    bool local = portal == portals_.end() ? !s_->server_in_transaction()
                                          : portal->second.local;
    if (portal != portals_.end()) portals_.erase(portal);
    if (!bound_ && !local) return NeedJoined();
    if (!bound_ || local) {
      Synthesize(Ack(wire::backend_type::kCloseComplete));
      return Step::kNext;
    }
    wire::AppendClose(wire::Target::kPortal, close.name, &out_);
    Expected expected;
    expected.what = What::kClose;
    exchange_.Expect(std::move(expected));
    return Step::kNext;
  }
  // Only the client's name goes: the statement stays prepared for others.
  Expected answer;
  answer.what = What::kSynthetic;
  answer.bytes = Ack(wire::backend_type::kCloseComplete);
  if (close.name.empty()) {
    unnamed_ = nullptr;
    s_->state_->unnamed = nullptr;
  } else {
    defined_.erase(std::string(close.name));
    answer.name = close.name;
    answer.closes = true;
    // A Bind later in this segment must not find it.
    closed_.insert(std::string(close.name));
  }
  if (!bound_ && !waiting_.empty()) {
    waiting_.push_back({type::kClose, nullptr, std::string(close.name)});
    return Step::kNext;
  }
  exchange_.Expect(std::move(answer));
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::TakeSync() {
  if (!bound_ && !waiting_.empty() && !skipping_) return AskAnyShard();
  synced_ = true;
  if (bound_) {
    wire::AppendSync(&out_);
    Expected expected;
    expected.what = What::kSync;
    exchange_.Expect(std::move(expected));
  }
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::TakeFlush() {
  if (!bound_ && !waiting_.empty()) return AskAnyShard();
  if (bound_) wire::AppendFlush(&out_);
  return Step::kNext;
}

net::Task<void> Session::RunSegment() {
  ExtendedSegment segment(this);
  co_await segment.Run();
}

net::Task<void> Session::RunFunctionCall() {
  wire::Frame frame;
  wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
  if (worker_->map().shard_count() > 1) {
    client_.Consume(frame.bytes.size());
    RefuseSegment(SqlError(sqlstate::kFeatureNotSupported,
                           "function calls by the protocol are not supported "
                           "over several shards"));
    co_return;
  }
  Status acquired = co_await Acquire(0, pool::Consistency::kStrong);
  wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
  if (!acquired.ok()) {
    client_.Consume(frame.bytes.size());
    RefuseSegment(acquired);
    co_return;
  }
  Settings before = state_->settings;
  Exchange exchange(&client_, state_.get(), held_.lease.get());
  std::string prefix;
  AppendDeferred(&prefix, &exchange);
  Expected expected;
  expected.what = Expected::What::kFunctionCall;
  exchange.Expect(std::move(expected));
  held_->busy = true;
  held_->tainted = true;
  held_->stream->Send(prefix, frame.bytes);
  client_.Consume(frame.bytes.size());
  bool finished = co_await Relay(&exchange);
  if (!finished) {
    closing_ = true;
    co_return;
  }
  if (!exchange.done()) {
    ReportLoss(exchange);
    co_return;
  }
  co_await EndSegment(&exchange, std::move(before));
}

}  // namespace pgbraid::router
