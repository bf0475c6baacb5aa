// The simple protocol: one Query message, from text to ReadyForQuery.

#include <algorithm>
#include <utility>

#include "router/planner.h"
#include "router/session.h"
#include "wire/backend.h"
#include "wire/frame.h"
#include "wire/frontend.h"

namespace pgbraid::router {
namespace {

std::string_view QueryText(std::string_view body) {
  std::string_view text;
  return wire::ParseQuery(body, &text).ok() ? text : std::string_view();
}

// SET LOCAL alone and outside of a transaction: PostgreSQL only warns of it,
// unless there is more in the text.
bool IsLostLocal(const RoutedQuery& query, const SessionState& state) {
  return query.single() != nullptr && !state.in_transaction() &&
         query.single()->settings.size() == 1 &&
         query.single()->settings[0].scope == sql::SettingChange::Scope::kLocal;
}

uint32_t Characters(std::string_view utf8) {
  return static_cast<uint32_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// `text` with what restores the startup packet's settings behind each statement
// that resets them, noted in `expected`; "" if none does.
std::string WithRestored(std::string_view text, const RoutedQuery& query,
                         const SessionState& state,
                         const Translation* translation, Expected* expected) {
  std::string longer;
  size_t copied = 0;
  expected->inserted.assign(query.statements().size(), 0);
  for (size_t i = 0; i < query.statements().size(); ++i) {
    const sql::Statement& statement = query.statements()[i];
    std::string restores = state.Restores(statement);
    if (restores.empty() || statement.discard_all) continue;
    size_t end = translation == nullptr
                     ? statement.end
                     : translation->ServerByte(statement.end);
    longer += text.substr(copied, end - copied);
    // The statement may end with a comment up to the end of its line.
    restores.insert(0, "\n;");
    expected->insertions.push_back(
        {Characters(longer) + 1, Characters(restores)});
    longer += restores;
    copied = end;
    expected->inserted[i] = 1;
  }
  if (!longer.empty()) longer += text.substr(copied);
  return longer;
}

bool EndsTransaction(const sql::Statement* statement) {
  return statement != nullptr && (statement->kind == sql::Kind::kCommit ||
                                  statement->kind == sql::Kind::kRollback);
}

bool Commits(const RoutedQuery& query) {
  for (const sql::Statement& statement : query.statements()) {
    if (statement.kind == sql::Kind::kCommit) return true;
  }
  return false;
}

}  // namespace

void Session::RefuseSegment(const Status& status) {
  client_.SendError(status, wire::Severity::kError);
  if (deferred()) state_->transaction()->failed = true;
  client_.SendReady(ReadyStatus());
}

Status Session::InFailedTransaction() {
  return SqlError(sqlstate::kInFailedSqlTransaction,
                  "current transaction is aborted, commands ignored until end "
                  "of transaction block");
}

net::Task<void> Session::RefuseQuery(Status status) {
  if (!server_in_transaction()) {
    RefuseSegment(status);
    co_return;
  }
  // The transaction has to fail where it is, as any error makes it.
  Exchange exchange(&client_, state_.get(), held_.lease.get());
  std::string message;
  wire::AppendQuery("pgbraid: refused", &message);
  exchange.set_replacement(status);
  exchange.Expect(Expected());
  held_->stream->Send(message);
  held_->busy = true;
  bool stays = co_await Relay(&exchange);
  if (!stays) co_return;
  if (!exchange.done()) {
    ReportLoss(exchange);
  } else {
    co_await EndSegment(&exchange);
  }
}

void Session::ForgetUnnamed() {
  state_->unnamed = nullptr;
  Transaction* transaction = state_->transaction();
  if (transaction != nullptr) transaction->portals.erase("");
}

net::Task<void> Session::RunQuery() {
  Status status = co_await AwaitCatalogs();
  // What NextFrame gave moves when the session waits: it is read anew.
  wire::Frame frame;
  wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
  std::string_view text;
  ForgetUnnamed();
  if (status.ok()) status = wire::ParseQuery(frame.body, &text);
  state_->BeginSegment();
  Recognized recognized;
  if (status.ok()) {
    worker_->recognizer()->Recognize(text, Context(), &recognized);
    status = recognized.error;
  }
  if (status.ok() && NewerCatalogsMayHelp(recognized)) {
    co_await AwaitNewerCatalogs();
    wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
    wire::ParseQuery(frame.body, &text).IgnoreError();  // it was good before
    worker_->recognizer()->Recognize(text, Context(), &recognized);
  }
  if (status.ok() && WantsTemporaryNames(*recognized.query)) {
    co_await LearnTemporaryNames();
    wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
    text = QueryText(frame.body);
  }
  if (status.ok() && deferred() && state_->transaction()->failed &&
      !EndsTransaction(recognized.query->single())) {
    status = InFailedTransaction();
  }
  if (status.ok() && MustSubscribe(*recognized.query)) {
    status = co_await Subscribe(recognized.query);
    wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
    text = QueryText(frame.body);
  }
  if (!status.ok()) {
    client_.Consume(frame.bytes.size());
    co_await RefuseQuery(std::move(status));
    co_return;
  }
  if (IsLocal(recognized, false)) {
    LocalAnswer answer;
    if (server_in_transaction() &&
        state_->status() == wire::TransactionStatus::kFailed) {
      answer.error = InFailedTransaction();
    } else {
      answer = AnswerLocally(recognized, text);
    }
    client_.Consume(frame.bytes.size());
    if (!answer.error.ok()) {
      co_await RefuseQuery(std::move(answer.error));
      co_return;
    }
    std::string message = answer.row_description + answer.messages;
    wire::AppendReadyForQuery(state_->status(), &message);
    client_.Send(message);
    co_return;
  }
  bool names_prepared = NamesPrepared(recognized.query->query());
  const bool has_startup = !state_->startup->settings().empty();
  bool primary_only = false;
  for (;;) {
    state_->LookAtChanges();
    wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
    text = QueryText(frame.body);
    ExecutionValues values;
    values.text = text;
    values.fingerprint = &recognized.fingerprint;
    values.modes = state_->context->modes;
    values.context = state_->context->keys;
    std::shared_ptr<const Translation> translation;
    if (names_prepared || has_startup) {
      translation = TranslateQuery(recognized, text);
    }
    if (ShowsPrepared(*recognized.query, translation.get())) {
      translation =
          UnderOwnNames(text, recognized.query->query(), translation.get());
    }
    Plan plan = translation != nullptr
                    ? PlanTranslated(recognized, values, *translation)
                    : PlanQuery(*recognized.query, values);
    bool apart = plan.standby && state_->pins != 0 &&
                 MayReadApart(*recognized.query, text, translation.get());
    plan = Restrict(std::move(plan), apart);
    if (primary_only) plan.standby = plan.only_reads = false;
    if (plan.refused()) {
      if (worker_->options().log_routes) LogRoute(plan, text);
      client_.Consume(frame.bytes.size());
      co_await RefuseQuery(std::move(plan.refusal));
      co_return;
    }
    if (plan.kind == Plan::Kind::kScatter) {
      if (worker_->options().log_routes) LogRoute(plan, text);
      ScatterRequest request;
      request.messages = std::string(frame.bytes);
      client_.Consume(frame.bytes.size());
      co_await RunScatter(std::move(request), std::move(plan));
      co_return;
    }
    if (names_prepared && PreparesOutside(*recognized.query)) {
      co_await PrepareOutside(recognized, std::move(translation));
      co_return;
    }
    Attempt attempt =
        co_await RunOnServer(recognized, plan, std::move(translation));
    if (attempt == Attempt::kDone) co_return;
    primary_only |= attempt == Attempt::kOnPrimary;
  }
}

void Session::SendQuery(std::string prefix, const wire::Frame& frame,
                        Expected expected, Exchange* exchange) {
  const Translation* translation = expected.translation.get();
  auto send_as_it_is = [&] {
    if (translation != nullptr) {
      wire::AppendQuery(translation->text, &prefix);
      held_->stream->Send(prefix);
    } else if (frame.bytes.size() <= LargeMessage::kThreshold) {
      held_->stream->Send(prefix, frame.bytes);
    } else {
      held_->stream->Send(prefix);
      large_.Start(frame.bytes.size(), held_->stream.get());
    }
  };
  if (state_->startup->settings().empty()) {
    send_as_it_is();
    exchange->Expect(std::move(expected));
    return;
  }
  std::string longer;
  if (!IsLostLocal(*expected.query, *state_)) {
    longer = WithRestored(
        translation == nullptr ? QueryText(frame.body) : translation->text,
        *expected.query, *state_, translation, &expected);
  }
  if (!longer.empty()) {
    wire::AppendQuery(longer, &prefix);
    held_->stream->Send(prefix);
    exchange->Expect(std::move(expected));
    return;
  }
  expected.inserted.clear();
  const sql::Statement* single = expected.query->single();
  std::string restores;
  if (single != nullptr && single->discard_all && !state_->in_transaction()) {
    // DISCARD ALL has to be alone in its Query.
    restores = state_->Restores(*single);
  }
  if (restores.empty()) {
    send_as_it_is();
    exchange->Expect(std::move(expected));
    return;
  }
  held_->stream->Send(prefix, frame.bytes);
  expected.hides_ready = true;
  exchange->Expect(std::move(expected));
  std::string second;
  wire::AppendQuery(restores, &second);
  held_->stream->Send(second);
  Expected restored;
  restored.hidden = true;
  restored.shows_ready = true;
  exchange->Expect(std::move(restored));
}

net::Task<Attempt> Session::RunOnServer(
    const Recognized& recognized, Plan plan,
    std::shared_ptr<const Translation> translation) {
  Status reached;
  if (plan.reads_sequence ||
      !TryAcquire(ShardOf(plan), ReadsOf(plan), plan.advances_sequence)) {
    reached = co_await AcquireFor(plan);
  }
  if (reached.ok()) reached = CheckSequences(plan, held_);
  if (reached.ok() && recognized.query != nullptr) {
    reached = CheckUnlisten(*recognized.query);
  }
  if (reached.ok() && recognized.query != nullptr) {
    if (recognized.query->reads_channels()) reached = co_await ShowChannels();
    if (reached.ok() && state_->listening != nullptr &&
        state_->listening->channels.has_pending() &&
        Commits(*recognized.query)) {
      co_await ForgetEarly();
    }
  }
  wire::Frame frame;
  wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
  if (!reached.ok()) {
    client_.Consume(frame.bytes.size());
    if (!server_in_transaction()) ReleaseLease();
    co_await RefuseQuery(std::move(reached));
    co_return Attempt::kDone;
  }
  bool may_start_over = !state_->in_transaction() &&
                        frame.bytes.size() <= LargeMessage::kThreshold;
  bool may_retry = may_start_over &&
                   (held_.standby || (plan.only_reads && state_->pins == 0));
  if (translation != nullptr) {
    Readiness ready = co_await PrepareFor(*translation, may_retry);
    if (ready == Readiness::kDone) co_return Attempt::kDone;
    if (ready == Readiness::kOnPrimary) co_return Attempt::kOnPrimary;
    wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
  }
  // Not before there is a connection: it would be given them.
  if (recognized.query != nullptr) state_->DefineCustom(*recognized.query);
  if (translation != nullptr) DefineCustomOf(*translation);
  Exchange exchange(&client_, state_.get(), held_.lease.get());
  std::string prefix;
  AppendDeferred(&prefix, &exchange);
  AppendSequenceTurn(plan, &prefix, &exchange);
  held_->unnamed_statement = 0;  // a Query drops it
  Expected expected;
  expected.query = recognized.query;
  expected.translation = translation;
  bool may_prepare_again =
      may_start_over && translation != nullptr && !translation->needed.empty();
  exchange.set_may_retry(may_retry);
  exchange.set_may_prepare_again(may_prepare_again);
  bool keeps = may_retry || may_prepare_again;
  if (worker_->options().log_routes) {
    LogRoute(plan, QueryText(frame.body));
  }
  SendQuery(std::move(prefix), frame, std::move(expected), &exchange);
  if (!keeps && !large_.active()) client_.Consume(frame.bytes.size());
  held_->busy = true;
  if (interrupt_.raised()) CancelOnServers();

  bool finished = co_await Relay(&exchange);
  if (!finished) co_return Attempt::kDone;
  bool lost = !exchange.done();
  bool on_primary =
      may_retry && ((lost && !exchange.relayed()) || exchange.wants_primary());
  if (on_primary) {
    if (worker_->options().log_routes) {
      LogStandbyError(lost ? "lost" : exchange.standby_error(),
                      "the primary's");
    }
    worker_->shard(held_.shard)->Suspect(held_.host);
    held_->busy = false;
    if (lost) held_->retired = true;
    held_ = HeldLease();
    co_return Attempt::kOnPrimary;
  }
  if (!lost && exchange.wants_to_prepare_again()) {
    NoteUnseenChange();
    held_->busy = false;
    ReleaseLease();
    co_return Attempt::kAgain;
  }
  if (keeps) {
    wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
    client_.Consume(frame.bytes.size());
  }
  if (lost) {
    bool lives = ReportLoss(exchange);
    if (lives) client_.SendReady(wire::TransactionStatus::kIdle);
    co_return Attempt::kDone;
  }
  co_await EndSegment(&exchange);
  co_return Attempt::kDone;
}

}  // namespace pgbraid::router
