// The messages of an extended-protocol segment, one function each.

#include <utility>

#include "router/extended_segment.h"
#include "router/planner.h"
#include "wire/backend.h"

namespace pgbraid::router {
namespace {

namespace type = wire::frontend_type;
using What = Expected::What;

constexpr size_t kMaxRetryBytes = 64 * 1024;

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
    Restore(prepared);
    SendParse(prepared, name);
  } else {
    waiting_.push_back({type::kParse, prepared, name});
  }
  return Step::kNext;
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
  if (s_->IsLocal(prepared->recognized, bound_)) {
    portals_[std::string(bind.portal)] = {prepared->recognized.query, prepared,
                                          true};
    Synthesize(Ack(wire::backend_type::kBindComplete));
    return Step::kNext;
  }
  return BindOnServer(frame, bind, prepared);
}

ExtendedSegment::Step ExtendedSegment::BindOnServer(
    const wire::Frame& frame, const wire::BindMessage& bind,
    const PreparedRef& prepared) {
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
  portals_[std::string(bind.portal)] = {prepared->recognized.query, prepared,
                                        false};
  Restore(prepared);
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
  expected.prepared = prepared;
  expected.name = bind.statement;
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
  if (bound_) {
    Restore(prepared);
    SendWaiting();
  }
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
  if (expected.query != nullptr && expected.query->single() != nullptr &&
      !s_->state_->startup->settings().empty()) {
    const sql::Statement& statement = *expected.query->single();
    restores_ = s_->state_->Restores(statement);
    restores_committed_ = statement.discard_all;
  }
  exchange_.Expect(std::move(expected));
  return Step::kNext;
}

void ExtendedSegment::Restore(const PreparedRef& next) {
  if (restores_.empty()) return;
  const sql::Statement* single =
      next == nullptr ? nullptr : next->recognized.query->single();
  if (single == nullptr || !single->discard_all) {
    RunHidden(restores_);
    // DISCARD ALL has committed. What restores its settings must not belong to
    // a transaction that the segment may yet roll back.
    if (restores_committed_ && next != nullptr) RunHidden("COMMIT");
  }
  restores_.clear();
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
    Restore(nullptr);
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

}  // namespace pgbraid::router
