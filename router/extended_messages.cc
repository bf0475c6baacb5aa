// The messages of an extended-protocol segment, one function each; Bind has a
// file of its own.

#include <utility>

#include "router/extended_segment.h"
#include "router/null_resets.h"
#include "wire/backend.h"

namespace pgbraid::router {
namespace {

namespace type = wire::frontend_type;
using What = Expected::What;

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

// What such a statement changes decides what the messages after it mean.
bool Unsettles(const sql::Statement* statement, SessionState* state) {
  if (statement == nullptr) return false;
  switch (statement->kind) {
    case sql::Kind::kSet:
    case sql::Kind::kDiscard:
    case sql::Kind::kRollbackTo:
      return true;
    case sql::Kind::kCommit:
    case sql::Kind::kRollback: {
      // Settings made in the transaction may end with it.
      const Transaction* transaction = state->transaction();
      return transaction == nullptr ||
             transaction->at_begin.session != state->settings.effective;
    }
    case sql::Kind::kCopy:
      return statement->copy_from && statement->copy_client;
    default:
      return !statement->settings.empty();
  }
}

}  // namespace

ClientStatementRef ExtendedSegment::FindPrepared(std::string_view name) {
  if (name.empty() && unnamed_ == nullptr) {
    return closed_.contains(name) ? nullptr : s_->FindPrepared(name);
  }
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
  } else if (!s_->state_->startup->settings().empty()) {
    translation = WithStartupValues(prepared->text, query, *s_->state_->startup,
                                    s_->Context()->utf8_client);
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

ExtendedSegment::Step ExtendedSegment::TakeParse(std::string_view body) {
  wire::ParseMessage parse;
  Status parsed = wire::ParseParse(body, &parse);
  if (!parsed.ok()) return Refuse(parsed);
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
  bool names_others = NamesPrepared(recognized.query->query());
  if (names_others &&
      s_->state_->status() == wire::TransactionStatus::kFailed) {
    return Refuse(s_->InFailedTransaction());
  }
  // What it names is looked up when it is used.
  bool local = names_others || IsLocal(client->prepared);
  if (client->name.empty()) {
    unnamed_ = client;
  } else {
    defined_[client->name] = client;
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
    waiting_.push_back({Waiting::What::kParse, client, nullptr, Expected()});
  }
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::TakeDescribe(std::string_view body) {
  wire::TargetMessage describe;
  Status parsed = wire::ParseDescribe(body, &describe);
  if (!parsed.ok()) return Refuse(parsed);
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
  } else if (bound_) {
    Restore(client->prepared);
    SendDescribe(client, translation);
  } else {
    waiting_.push_back(
        {Waiting::What::kDescribe, client, translation, Expected()});
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
  Answer(std::move(bytes));
}

ExtendedSegment::Step ExtendedSegment::TakeExecute(const wire::Frame& frame) {
  wire::ExecuteMessage execute;
  Status parsed = wire::ParseExecute(frame.body, &execute);
  if (!parsed.ok()) return Refuse(parsed);
  auto portal = portals_.find(execute.portal);
  if (portal != portals_.end() && portal->second.local) {
    if (portal->second.translation != nullptr) {
      return Refuse(portal->second.translation->refusal);
    }
    Step step = ExecuteLocal(portal->first, &portal->second);
    if (step != Step::kNext || portal->second.local) return step;
  }
  if (!bound_) return NeedJoined();
  Expected expected;
  expected.what = What::kExecute;
  Transaction* transaction = s_->state_->transaction();
  if (portal != portals_.end()) {
    expected.query = portal->second.query;
    NoteExecuted(portal->second, &expected);
  } else if (transaction != nullptr) {
    auto known = transaction->portals.find(execute.portal);
    if (known != transaction->portals.end()) expected.query = known->second;
  }
  if (expected.query != nullptr) {
    unsettled_ |= Unsettles(expected.query->single(), s_->state_.get());
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

ExtendedSegment::Step ExtendedSegment::ExecuteLocal(const std::string& name,
                                                    Portal* portal) {
  const PreparedRef prepared = portal->client->prepared;
  const sql::Statement* statement = prepared->recognized.query->single();
  if (portal->done && statement->kind != sql::Kind::kEmpty) {
    return Refuse(SqlError("55000", "portal \"" + name + "\" cannot be run"));
  }
  if (statement->kind == sql::Kind::kDeallocate) {
    portal->done = answered_ = true;
    return DeallocateLocal(statement->name);
  }
  if (!s_->IsLocal(prepared->recognized, bound_)) {
    // A server has joined since: the statement has to be bound there.
    if (!bound_) return NeedJoined();
    Restore(prepared);
    EnsurePrepared(portal->client);
    wire::BindMessage bind;
    wire::AppendTextBind(name, prepared->server_name, bind.values, &out_);
    Expected hidden;
    hidden.what = What::kBind;
    hidden.hidden = true;
    exchange_.Expect(std::move(hidden));
    portal->local = false;
    return Step::kNext;
  }
  // What it changes must not be changed if a message before it fails.
  if (!waiting_.empty()) return AskAnyShard();
  if (bound_ && !exchange_.done()) return Step::kSettle;
  if (s_->state_->status() == wire::TransactionStatus::kFailed) {
    return Refuse(s_->InFailedTransaction());
  }
  Session::LocalAnswer answer =
      s_->AnswerLocally(prepared->recognized, prepared->text);
  if (!answer.error.ok()) return Refuse(answer.error);
  portal->done = answered_ = true;
  Answer(std::move(answer.messages));
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::DeallocateLocal(
    const std::string& name) {
  if (FindPrepared(name) == nullptr) return Refuse(NoStatement(name));
  Expected answer;
  answer.what = What::kSynthetic;
  answer.closes = true;
  answer.name = name;
  wire::AppendCommandComplete("DEALLOCATE", &answer.bytes);
  Answer(std::move(answer));
  Undefine(name);
  return Step::kNext;
}

void ExtendedSegment::Undefine(std::string_view name) {
  if (auto own = defined_.find(name); own != defined_.end()) {
    defined_.erase(own);
  }
  closed_.insert(std::string(name));
}

ExtendedSegment::Step ExtendedSegment::TakeClose(std::string_view body) {
  wire::TargetMessage close;
  Status parsed = wire::ParseClose(body, &close);
  if (!parsed.ok()) return Refuse(parsed);
  if (close.target == wire::Target::kStatement) {
    return CloseStatement(close.name);
  }
  auto portal = portals_.find(close.name);
  bool local = portal == portals_.end() ? !s_->server_in_transaction()
                                        : portal->second.local;
  if (!bound_ && !local) return NeedJoined();
  if (portal != portals_.end()) portals_.erase(portal);
  if (Transaction* transaction = s_->state_->transaction()) {
    transaction->portals.erase(std::string(close.name));
  }
  if (!bound_ || local) {
    Answer(Ack(wire::backend_type::kCloseComplete));
    return Step::kNext;
  }
  wire::AppendClose(wire::Target::kPortal, close.name, &out_);
  Expected expected;
  expected.what = What::kClose;
  exchange_.Expect(std::move(expected));
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::CloseStatement(std::string_view name) {
  // Only the client's name goes: the statement stays prepared for others.
  Expected answer;
  answer.what = What::kSynthetic;
  answer.bytes = Ack(wire::backend_type::kCloseComplete);
  answer.name = name;
  answer.closes = true;
  Answer(std::move(answer));
  if (name.empty()) unnamed_ = nullptr;
  Undefine(name);
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::TakeCopy(const wire::Frame& frame) {
  if (!exchange_.copying_in()) {
    // Of a COPY that has not begun yet, or of none: then it is dropped.
    return exchange_.done() ? Step::kNext : Step::kSettle;
  }
  if (frame.type == type::kCopyData) {
    out_ += frame.bytes;
    return Step::kNext;
  }
  SendOut();
  return s_->PassCopyMessage(frame, &exchange_) ? Step::kNext : Step::kEnd;
}

ExtendedSegment::Step ExtendedSegment::TakeSync(std::string_view body) {
  if (!bound_ && !waiting_.empty() && !skipping_) return AskAnyShard();
  Status parsed = wire::ParseEmpty(body);
  if (!parsed.ok() && !skipping_) Fail(parsed);
  End();
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::TakeFlush(std::string_view body) {
  Status parsed = wire::ParseEmpty(body);
  if (!parsed.ok()) return Refuse(parsed);
  if (!bound_ && !waiting_.empty()) return AskAnyShard();
  if (bound_) wire::AppendFlush(&out_);
  return Step::kNext;
}

}  // namespace pgbraid::router
