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

ClientStatementRef ExtendedSegment::FindPrepared(std::string_view name) {
  if (name.empty() && unnamed_ == nullptr) return s_->FindPrepared(name);
  ClientStatementRef own;
  if (name.empty()) {
    own = unnamed_;
  } else if (auto defined = defined_.find(name); defined != defined_.end()) {
    own = defined->second;
  }
  if (own != nullptr) {
    s_->Renew(own);
    return own;
  }
  if (all_closed_ || closed_.contains(name)) return nullptr;
  return s_->FindPrepared(name);
}

bool ExtendedSegment::IsLocal(const PreparedRef& prepared) {
  const sql::Statement* single = prepared->recognized.query->single();
  if (single != nullptr && single->kind == sql::Kind::kDeallocate) {
    return !single->name.empty() &&
           s_->state_->status() != wire::TransactionStatus::kFailed &&
           FindPrepared(single->name) != nullptr;
  }
  return s_->IsLocal(prepared->recognized, bound_);
}

std::shared_ptr<const Translation> ExtendedSegment::TranslateStatement(
    const ClientStatementRef& client) {
  const PreparedRef& prepared = client->prepared;
  const sql::Query& query = prepared->recognized.query->query();
  std::shared_ptr<const Translation> translation;
  if (NamesPrepared(query)) {
    FindStatement find = [this](std::string_view name) {
      return FindPrepared(name);
    };
    translation = Translate(prepared->text, query, *s_->Context(), find,
                            s_->PreparedKey({}, {}), s_->worker_->prepared());
  }
  if (s_->ShowsPrepared(*prepared->recognized.query, translation.get())) {
    translation = UnderOwnNames(prepared->text, query, translation.get());
  }
  return translation;
}

std::vector<ClientStatementRef> ExtendedSegment::AllPrepared() const {
  std::vector<ClientStatementRef> all;
  if (s_->state_->prepared != nullptr && !all_closed_) {
    for (const auto& [name, statement] : *s_->state_->prepared) {
      if (!closed_.contains(name) && !defined_.contains(name)) {
        all.push_back(statement);
      }
    }
  }
  for (const auto& [name, statement] : defined_) all.push_back(statement);
  return all;
}

Plan ExtendedSegment::PlanBind(const ClientStatementRef& client,
                               const wire::BindMessage& bind,
                               const Translation* translation) {
  const PreparedRef& prepared = client->prepared;
  ExecutionValues values;
  values.text = prepared->text;
  values.fingerprint = &prepared->recognized.fingerprint;
  values.modes = s_->state_->context->modes;
  values.context = s_->state_->context->keys;
  values.bind = &bind;
  values.parameter_types = prepared->parameter_types();
  values.used_once = &prepared->recognized.query->used_once();
  Plan plan = s_->Restrict(
      translation != nullptr
          ? s_->PlanTranslated(prepared->recognized, values, *translation)
          : PlanQuery(*prepared->recognized.query, values));
  plan.standby = plan.standby && !prepared->has_user_types();
  return plan;
}

bool ExtendedSegment::DescribesNext(const wire::Frame& bind,
                                    std::string_view portal) const {
  std::string_view input = s_->client_.input();
  size_t after =
      static_cast<size_t>(bind.bytes.data() + bind.bytes.size() - input.data());
  wire::Frame frame;
  wire::TargetMessage describe;
  return wire::NextFrame(input.substr(after), wire::kFrontendLimits, &frame) ==
             wire::FrameStatus::kComplete &&
         frame.type == type::kDescribe &&
         wire::ParseDescribe(frame.body, &describe).ok() &&
         describe.target == wire::Target::kPortal && describe.name == portal;
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
  auto client = std::make_shared<ClientStatement>();
  client->name = parse.name;
  client->prepared =
      s_->worker_->prepared()->Intern(s_->PreparedKey(parse.text, parse.types));
  s_->Recognize(client->prepared);
  const Recognized& recognized = client->prepared->recognized;
  if (!recognized.error.ok()) return Refuse(recognized.error);
  bool named = !client->name.empty();
  bool names_others = NamesPrepared(recognized.query->query());
  if (names_others &&
      s_->state_->status() == wire::TransactionStatus::kFailed) {
    return Refuse(SqlError(sqlstate::kInFailedSqlTransaction,
                           "current transaction is aborted, commands ignored "
                           "until end of transaction block"));
  }
  // What it names is looked up when it is used.
  bool local = names_others || IsLocal(client->prepared);
  if (named) {
    defined_[client->name] = client;
  } else {
    unnamed_ = client;
  }
  if (local) {
    Expected answer;
    answer.what = What::kSynthetic;
    answer.bytes = Ack(wire::backend_type::kParseComplete);
    answer.client = client;
    answer.defines = true;
    Answer(std::move(answer));
  } else if (bound_) {
    Restore(client->prepared);
    SendParse(client);
  } else {
    waiting_.push_back({type::kParse, client, nullptr, {}});
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
  ClientStatementRef client = FindPrepared(bind.statement);
  if (client == nullptr) return Refuse(NoStatement(bind.statement));
  s_->Recognize(client->prepared);
  const std::shared_ptr<const RoutedQuery>& query =
      client->prepared->recognized.query;
  const sql::Statement* single = query->single();
  bool ends = single != nullptr && (single->kind == sql::Kind::kCommit ||
                                    single->kind == sql::Kind::kRollback);
  if (s_->deferred() && s_->state_->transaction()->failed && !ends) {
    return Refuse(SqlError(sqlstate::kInFailedSqlTransaction,
                           "current transaction is aborted, commands ignored "
                           "until end of transaction block"));
  }
  if (IsLocal(client->prepared)) {
    portals_[std::string(bind.portal)] = {query, client, true, nullptr};
    Synthesize(Ack(wire::backend_type::kBindComplete));
    return Step::kNext;
  }
  std::shared_ptr<const Translation> translation = TranslateStatement(client);
  if (translation != nullptr && !translation->refusal.ok()) {
    // It fails when it is executed.
    portals_[std::string(bind.portal)] = {query, client, true, translation};
    Synthesize(Ack(wire::backend_type::kBindComplete));
    return Step::kNext;
  }
  return BindOnServer(frame, bind, client, translation);
}

ExtendedSegment::Step ExtendedSegment::BindOnServer(
    const wire::Frame& frame, const wire::BindMessage& bind,
    const ClientStatementRef& client,
    const std::shared_ptr<const Translation>& translation) {
  Plan plan = PlanBind(client, bind, translation.get());
  if (s_->worker_->options().log_routes) {
    s_->LogRoute(plan, client->prepared->text);
  }
  if (plan.refused()) return Refuse(plan.refusal);
  if (!bound_) {
    size_t after = static_cast<size_t>(frame.bytes.data() + frame.bytes.size() -
                                       s_->client_.input().data());
    bool plain = EndsPlainly(after);
    if (plan.kind == Plan::Kind::kScatter) {
      return PrepareScatter(client, bind, plan, after);
    }
    plan.standby = plan.standby && plain && !primary_only_;
    // What was prepared by another segment may not fit any more.
    bool earlier = !bind.statement.empty() || unnamed_ == nullptr ||
                   translation != nullptr;
    whole_ = plain && (plan.standby || earlier);
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
  Restore(client->prepared);
  if (translation != nullptr) {
    SendTranslatedBind(bind, client, translation);
    return Step::kNext;
  }
  return SendBind(frame, bind, client);
}

ExtendedSegment::Step ExtendedSegment::SendBind(
    const wire::Frame& frame, const wire::BindMessage& bind,
    const ClientStatementRef& client) {
  const PreparedRef& prepared = client->prepared;
  bool unnamed = bind.statement.empty();
  if (client->told > kShapeOfNoData && !exchange_.failed() && !skipping_ &&
      !DescribesNext(frame, bind.portal)) {
    Step step = CheckColumns(client, unnamed);
    if (step != Step::kNext || skipping_) return step;
  }
  portals_[std::string(bind.portal)] = {prepared->recognized.query, client,
                                        false, nullptr};
  std::string_view server_name;
  if (!unnamed) {
    EnsurePrepared(client);
    server_name = prepared->server_name;
  } else if (s_->held_->unnamed_statement != prepared->id) {
    // Prepared in an earlier segment, perhaps elsewhere.
    Preparation().PrepareUnnamed(client);
  }
  wire::AppendBind(bind.portal, server_name, bind.rest, &out_);
  Expected expected;
  expected.what = What::kBind;
  expected.client = client;
  expected.prepared = prepared;
  exchange_.Expect(std::move(expected));
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::PrepareScatter(
    const ClientStatementRef& client, const wire::BindMessage& bind,
    const Plan& plan, size_t from) {
  const PreparedRef& prepared = client->prepared;
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
    if (waiting.client != client) return Refuse(refusal);
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
  for (auto& [name, defined] : defined_) s_->state_->Define(name, defined);
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
      DescribeLocal(portal->second.client->prepared, false);
      return Step::kNext;
    }
    if (!bound_) return NeedJoined();
    wire::AppendDescribe(wire::Target::kPortal, describe.name, &out_);
    Expected expected;
    expected.what = What::kDescribePortal;
    if (portal != portals_.end()) NoteDescribed(portal->second, &expected);
    exchange_.Expect(std::move(expected));
    return Step::kNext;
  }
  ClientStatementRef client = FindPrepared(describe.name);
  if (client == nullptr) return Refuse(NoStatement(describe.name));
  s_->Recognize(client->prepared);
  if (IsLocal(client->prepared)) {
    DescribeLocal(client->prepared, true);
    return Step::kNext;
  }
  std::shared_ptr<const Translation> translation = TranslateStatement(client);
  if (translation != nullptr && !translation->refusal.ok()) {
    DescribeLocal(client->prepared, true);
    return Step::kNext;
  }
  waiting_.push_back({type::kDescribe, client, translation, {}});
  if (bound_) {
    Restore(client->prepared);
    SendWaiting();
  }
  return Step::kNext;
}

void ExtendedSegment::NoteDescribed(const Portal& portal, Expected* expected) {
  const ClientStatementRef& client = portal.client;
  const PreparedRef& prepared = client->prepared;
  uint64_t known = 0;
  if (portal.translation == nullptr) {
    known = client->name.empty() ? s_->held_->unnamed_shape
                                 : s_->held_->prepared.Shape(prepared->id);
    expected->prepared = prepared;
    expected->unnamed = client->name.empty();
  }
  if (known != 0) {
    client->told = known;
    expected->prepared = nullptr;
  } else {
    expected->client = client;
  }
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
    if (portal->second.translation != nullptr) {
      return Refuse(portal->second.translation->refusal);
    }
    return ExecuteLocal(portal->second.client->prepared);
  }
  if (!bound_) return NeedJoined();
  Expected expected;
  expected.what = What::kExecute;
  if (portal != portals_.end()) {
    expected.query = portal->second.query;
    NoteExecuted(portal->second, &expected);
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

void ExtendedSegment::NoteExecuted(const Portal& portal, Expected* expected) {
  expected->translation = portal.translation;
  const sql::Statement* statement = portal.query->single();
  if (statement == nullptr) return;
  if (statement->discard_all ||
      (statement->kind == sql::Kind::kDeallocate && statement->name.empty())) {
    defined_.clear();
    closed_.clear();
    all_closed_ = true;
    expected->drops_all = true;
    s_->held_->prepared.Clear();
  } else if (statement->kind == sql::Kind::kPrepare &&
             portal.translation != nullptr) {
    const ClientStatementRef& made = portal.translation->made.front();
    defined_[made->name] = made;
    if (!portal.translation->own_names) {
      s_->held_->prepared.Add(made->prepared->id);
      expected->adds = made->prepared->id;
    }
  }
  // What follows in this segment is looked up after it.
  if (statement->changes_catalog) s_->state_->NoteCatalogChange();
}

void ExtendedSegment::DeallocateLocal(const std::string& name) {
  Expected answer;
  answer.what = What::kSynthetic;
  answer.closes = true;
  answer.name = name;
  wire::AppendCommandComplete("DEALLOCATE", &answer.bytes);
  Answer(std::move(answer));
  defined_.erase(name);
  closed_.insert(name);
}

ExtendedSegment::Step ExtendedSegment::ExecuteLocal(
    const PreparedRef& prepared) {
  const sql::Statement* single = prepared->recognized.query->single();
  if (single->kind == sql::Kind::kDeallocate) {
    if (FindPrepared(single->name) == nullptr) {
      return Refuse(NoStatement(single->name));
    }
    DeallocateLocal(single->name);
    return Step::kNext;
  }
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
  answer.name = close.name;
  answer.closes = !close.name.empty();
  Answer(std::move(answer));
  if (close.name.empty()) {
    unnamed_ = nullptr;
    s_->state_->unnamed = nullptr;
  } else {
    defined_.erase(std::string(close.name));
    // A Bind later in this segment must not find it.
    closed_.insert(std::string(close.name));
  }
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
