// Prepared statements by name in SQL: PREPARE, EXECUTE, DEALLOCATE. The
// client's names are exchanged for the server's (translation.h), and what they
// need is prepared on the server connection at hand first.

#include <utility>

#include "router/execute_arguments.h"
#include "router/null_resets.h"
#include "router/planner.h"
#include "router/prepare_on_server.h"
#include "router/session.h"
#include "wire/frame.h"
#include "wire/frontend.h"

namespace pgbraid::router {
namespace {

using What = Expected::What;

constexpr Duration kCleanTimeout = std::chrono::seconds(5);

Plan RefusedPlan(Status why) {
  Plan plan;
  plan.kind = Plan::Kind::kRefused;
  plan.refusal = std::move(why);
  return plan;
}

}  // namespace

ClientStatementRef Session::FindPrepared(std::string_view name) {
  ClientStatementRef found =
      name.empty() ? state_->unnamed : state_->FindPrepared(name);
  if (found != nullptr) Renew(found);
  return found;
}

void Session::Renew(const ClientStatementRef& statement) {
  statement->prepared = worker_->prepared()->Renewed(statement->prepared,
                                                     state_->settings.effective,
                                                     state_->catalog_version());
}

void Session::Recognize(const PreparedRef& prepared) {
  const StatementContextRef& context = Context();
  if (prepared->recognized.context == context.get() &&
      prepared->recognized.query != nullptr) {
    return;
  }
  worker_->recognizer()->Recognize(prepared->text, context,
                                   &prepared->recognized);
}

PreparedStatements::Key Session::PreparedKey(std::string_view text,
                                             wire::OidList types) {
  PreparedStatements::Key key;
  key.text = text;
  key.types = types;
  key.environment = state_->settings.effective;
  key.version = state_->catalog_version();
  return key;
}

std::shared_ptr<const Translation> Session::TranslateQuery(
    const Recognized& recognized, std::string_view text) {
  if (!NamesPrepared(recognized.query->query())) {
    return WithStartupValues(text, recognized.query->query(), *state_->startup,
                             Context()->utf8_client);
  }
  FindStatement find = [this](std::string_view name) {
    return FindPrepared(name);
  };
  return Translate(text, recognized.query->query(), *Context(), find,
                   PreparedKey({}, {}), worker_->prepared());
}

bool Session::PreparesOutside(const RoutedQuery& query) const {
  const sql::Statement* single = query.single();
  return single != nullptr && single->kind == sql::Kind::kPrepare &&
         deferred() && worker_->map().shard_count() > 1 && state_->pins == 0 &&
         !query.hint().shard &&
         state_->settings.effective == state_->transaction()->at_begin.session;
}

net::Task<void> Session::PrepareOutside(
    const Recognized& recognized,
    std::shared_ptr<const Translation> translation) {
  Status acquired =
      co_await Acquire(ShardOf(Plan()), pool::Consistency::kStrong);
  wire::Frame frame;
  wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
  client_.Consume(frame.bytes.size());
  if (!acquired.ok()) {
    RefuseSegment(acquired);
    co_return;
  }
  std::string out;
  Exchange exchange(&client_, state_.get(), held_.lease.get());
  ServerPreparation preparation(held_.lease.get(), state_->settings.effective,
                                &out, &exchange);
  for (const ClientStatementRef& made : translation->made) {
    preparation.Close(made->prepared->id);
  }
  preparation.MakeRoom(1, static_cast<size_t>(worker_->options().max_prepared));
  wire::AppendQuery(translation->text, &out);
  held_->unnamed_statement = 0;
  Expected expected;
  expected.query = recognized.query;
  expected.translation = translation;
  expected.hides_ready = true;
  exchange.Expect(std::move(expected));
  held_->busy = true;
  held_->stream->Send(out);
  bool finished = co_await Relay(&exchange);
  if (!finished) co_return;
  held_->busy = false;
  if (!exchange.done()) {
    held_ = HeldLease();
    RefuseSegment(exchange.loss());
    co_return;
  }
  if (exchange.failed()) state_->transaction()->failed = true;
  client_.SendReady(ReadyStatus());
  if (!state_->undescribed.empty()) co_await DescribePrepared();
  if (held_) ReleaseLease();
}

Plan Session::PlanTranslated(const Recognized& recognized,
                             const ExecutionValues& values,
                             const Translation& translation) {
  if (!translation.refusal.ok()) return RefusedPlan(translation.refusal);
  if (translation.own_names && (state_->pins & kPinSqlPrepared) != 0) {
    return RefusedPlan(
        SqlError(sqlstate::kFeatureNotSupported,
                 "the session's prepared statements cannot be shown",
                 "Some were made by a code block or a function, unseen."));
  }
  const RoutedQuery& query = *recognized.query;
  Plan plan;
  for (size_t i = 0; i < query.statements().size(); ++i) {
    Plan next = PlanStatement(query, i, values);
    const sql::Statement& statement = query.statements()[i];
    // CREATE TABLE AS EXECUTE is what it is first.
    if (statement.prepared_use.action == sql::PreparedUse::Action::kExecute &&
        statement.kind != sql::Kind::kDdl && !query.hint().shard) {
      next = PlanExecute(statement, values, std::move(next),
                         translation.executed[i]);
    }
    plan = i == 0 ? std::move(next) : Combine(std::move(plan), next);
  }
  return plan;
}

Plan Session::PlanExecute(const sql::Statement& statement,
                          const ExecutionValues& values, Plan as_text,
                          const ClientStatementRef& executed) {
  // Any server can say that it does not know the name.
  if (executed == nullptr) return Plan();
  const PreparedRef prepared = executed->prepared;
  Recognize(prepared);
  if (!prepared->recognized.error.ok()) {
    return RefusedPlan(prepared->recognized.error);
  }
  const sql::PreparedUse& use = statement.prepared_use;
  ExecuteArguments arguments(use, values);
  ExecutionValues inner;
  inner.text = prepared->text;
  inner.fingerprint = &prepared->recognized.fingerprint;
  inner.modes = values.modes;
  inner.context = values.context;
  bool types_known = prepared->sql_types.empty() || prepared->is_described;
  if (arguments.plain() && types_known) inner.bind = &arguments.bind();
  inner.parameter_types = prepared->parameter_types();
  inner.used_once = &prepared->recognized.query->used_once();
  Plan plan = PlanQuery(*prepared->recognized.query, inner);
  if (plan.kind == Plan::Kind::kScatter) {
    return RefusedPlan(SqlError(
        sqlstate::kFeatureNotSupported,
        "EXECUTE over several shards is not supported",
        "Its arguments do not lead to one shard.",
        "Give the key as a plain constant, or execute the statement itself."));
  }
  plan.consistency = as_text.consistency;
  bool safe = use.arguments_safe && !prepared->has_user_types();
  plan.standby = plan.standby && safe;
  plan.only_reads = plan.only_reads && safe;
  return plan;
}

net::Task<Session::Readiness> Session::PrepareFor(
    const Translation& translation, bool may_retry) {
  pool::ServerConnection* connection = held_.lease.get();
  std::vector<ClientStatementRef> missing;
  for (const ClientStatementRef& statement : translation.needed) {
    if (!connection->prepared.Use(statement->prepared->id)) {
      missing.push_back(statement);
    }
  }
  size_t known = translation.needed.size() - missing.size();
  size_t count = missing.size() + translation.made.size();
  size_t limit = static_cast<size_t>(worker_->options().max_prepared);
  std::string out;
  Exchange exchange(&client_, state_.get(), connection);
  exchange.set_may_retry(may_retry);
  AppendDeferred(&out, &exchange);
  ServerPreparation preparation(connection, state_->settings.effective, &out,
                                &exchange);
  if (translation.own_names) {
    std::vector<ClientStatementRef> all;
    if (state_->prepared != nullptr) {
      for (const auto& [name, statement] : *state_->prepared) {
        all.push_back(statement);
      }
    }
    preparation.TakeOwnNames(all);
    count = 0;
  } else {
    for (const ClientStatementRef& made : translation.made) {
      preparation.Close(made->prepared->id);
    }
  }
  // What this text needs itself stays.
  preparation.MakeRoom(count, std::max(limit, known + count));
  for (const ClientStatementRef& statement : missing) {
    preparation.Prepare(statement);
  }
  if (exchange.done()) co_return Readiness::kReady;
  wire::AppendSync(&out);
  Expected end;
  end.what = What::kSync;
  end.hidden = true;
  exchange.Expect(std::move(end));
  held_->busy = true;
  held_->stream->Send(out);
  bool finished = co_await Relay(&exchange);
  if (!finished) co_return Readiness::kDone;
  bool lost = !exchange.done();
  if (may_retry && (lost || exchange.wants_primary())) {
    worker_->shard(held_.shard)->Suspect(held_.host);
    held_->busy = false;
    if (lost) held_->retired = true;
    held_ = HeldLease();
    co_return Readiness::kOnPrimary;
  }
  if (!lost && !exchange.failed()) co_return Readiness::kReady;
  wire::Frame frame;
  wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
  client_.Consume(frame.bytes.size());
  if (lost) {
    bool lives = ReportLoss(exchange);
    if (lives) client_.SendReady(wire::TransactionStatus::kIdle);
    co_return Readiness::kDone;
  }
  client_.SendReady(exchange.ready_status());
  co_await EndSegment(&exchange);
  co_return Readiness::kDone;
}

bool Session::ShowsPrepared(const RoutedQuery& query,
                            const Translation* translation) {
  for (const sql::Statement& statement : query.statements()) {
    if (statement.shows_prepared) return true;
  }
  if (translation == nullptr) return false;
  for (const ClientStatementRef& executed : translation->executed) {
    if (executed == nullptr) continue;
    Recognize(executed->prepared);
    const auto& inner = executed->prepared->recognized.query;
    if (inner != nullptr && ShowsPrepared(*inner, nullptr)) return true;
  }
  return false;
}

net::Task<void> Session::DropOwnNames() {
  pool::ServerConnection* connection = held_.lease.get();
  client_.Keep();
  co_await held_.lease.pool()->AwaitCancelEnd(connection);
  auto dropped = co_await connection->Run(
      "DEALLOCATE ALL", worker_->reactor()->now() + kCleanTimeout);
  connection->stream->Attach(client_.waiter());
  connection->prepared.Clear();
  connection->own_names = false;
  if (!dropped.ok()) connection->retired = true;
}

net::Task<void> Session::DescribePrepared() {
  pool::ServerConnection* connection = held_.lease.get();
  // In a failed transaction the server describes nothing.
  if (connection->transaction_status == wire::TransactionStatus::kFailed) {
    co_return;
  }
  client_.Keep();
  co_await held_.lease.pool()->AwaitCancelEnd(connection);
  std::string out;
  Exchange exchange(&client_, state_.get(), connection);
  exchange.set_silent(true);
  ServerPreparation preparation(connection, state_->settings.effective, &out,
                                &exchange);
  for (const ClientStatementRef& made : state_->undescribed) {
    bool here = connection->prepared.Contains(made->prepared->id);
    if (made->prepared->is_described) continue;
    if (here) {
      preparation.Describe(made, false);
    } else if (connection->own_names) {
      preparation.DescribeOwn(made);
    }
  }
  state_->undescribed.clear();
  if (exchange.done()) co_return;
  wire::AppendSync(&out);
  Expected end;
  end.what = What::kSync;
  end.hidden = true;
  exchange.Expect(std::move(end));
  held_->busy = true;
  held_->stream->Send(out);
  bool finished = co_await Relay(&exchange);
  if (!finished) co_return;
  held_->busy = false;
  if (exchange.done()) co_return;
  // The client has its answer already.
  bool in_transaction =
      state_->in_transaction() || (state_->pins != 0 && !held_.apart);
  held_ = HeldLease();
  if (in_transaction) Fatal(exchange.loss());
}

void Session::NoteUnseenChange() {
  // Counts as a change, and has the catalogs read anew.
  worker_->snapshots()->MarkStale(state_->identity->database, held_.shard);
}

}  // namespace pgbraid::router
