// Messages of the simple protocol inside an extended-protocol segment: they
// take part in its implicit transaction and end it, as in PostgreSQL.

#include <utility>

#include "router/extended_segment.h"
#include "router/planner.h"
#include "wire/function_call.h"

namespace pgbraid::router {
namespace {

using What = Expected::What;

}  // namespace

ExtendedSegment::Step ExtendedSegment::ReadyForSimple() {
  if (!bound_) {
    // Nothing of the segment runs on a server: the session goes on with it.
    return waiting_.empty() ? Step::kLeave : AskAnyShard();
  }
  return exchange_.done() ? Step::kNext : Step::kSettle;
}

ExtendedSegment::Step ExtendedSegment::RefuseSimple(const Status& status) {
  Fail(status);
  End();
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::TakeQuery(const wire::Frame& frame) {
  Step step = ReadyForSimple();
  if (step != Step::kNext) return step;
  std::string_view text;
  Status status = wire::ParseQuery(frame.body, &text);
  if (!status.ok()) return RefuseSimple(status);
  s_->ForgetUnnamed();
  unnamed_ = nullptr;
  Recognized recognized;
  s_->worker_->recognizer()->Recognize(text, s_->Context(), &recognized);
  if (!recognized.error.ok()) return RefuseSimple(recognized.error);
  if (s_->IsLocal(recognized, true)) {
    Session::LocalAnswer answer = s_->AnswerLocally(recognized, text);
    if (!answer.error.ok()) return RefuseSimple(answer.error);
    Answer(answer.row_description + answer.messages);
    End();
    return Step::kNext;
  }
  ExecutionValues values;
  values.text = text;
  values.fingerprint = &recognized.fingerprint;
  values.modes = s_->state_->context->modes;
  values.context = s_->state_->context->keys;
  std::shared_ptr<const Translation> translation =
      s_->TranslateQuery(recognized, text);
  if (s_->ShowsPrepared(*recognized.query, translation.get())) {
    translation =
        UnderOwnNames(text, recognized.query->query(), translation.get());
  }
  Plan plan =
      s_->Restrict(translation != nullptr
                       ? s_->PlanTranslated(recognized, values, *translation)
                       : PlanQuery(*recognized.query, values),
                   false);
  if (s_->worker_->options().log_routes) s_->LogRoute(plan, text);
  if (plan.refused()) return RefuseSimple(plan.refusal);
  if (plan.kind == Plan::Kind::kScatter ||
      (plan.kind == Plan::Kind::kOneShard && plan.shard() != s_->held_.shard)) {
    return RefuseSimple(SqlError(
        sqlstate::kFeatureNotSupported,
        "statements on different shards in one transaction are not supported",
        "The query takes part in the implicit transaction that is open."));
  }
  Status unlistens = s_->CheckUnlisten(*recognized.query);
  if (!unlistens.ok()) return RefuseSimple(unlistens);
  const Listening* listening = s_->state_->listening.get();
  if (recognized.query->unlistens() && !show_channels_ &&
      listening != nullptr && !listening->channels.active().empty()) {
    return RefuseSimple(SqlError(
        sqlstate::kFeatureNotSupported,
        "code with UNLISTEN after other statements of a segment is not "
        "supported by pooled sessions that listen",
        "", "Send Sync first."));
  }
  s_->state_->DefineCustom(*recognized.query);
  if (translation != nullptr) s_->DefineCustomOf(*translation);
  Status sequences = s_->CheckSequences(plan, s_->held_);
  if (!sequences.ok()) return RefuseSimple(sequences);
  if (s_->TakeSequenceTurn(plan)) RunHidden("DISCARD SEQUENCES");
  Restore(nullptr);
  for (const sql::Statement& statement : recognized.query->statements()) {
    // The probe makes the startup packet's settings what they were.
    s_->held_->tainted |= !s_->state_->Restores(statement).empty();
  }
  Expected expected;
  expected.what = What::kQuery;
  expected.query = recognized.query;
  expected.translation = translation;
  synced_ = true;
  s_->held_->unnamed_statement = 0;
  if (translation != nullptr) {
    PrepareFor(translation.get());
    wire::AppendQuery(translation->text, &out_);
    exchange_.Expect(std::move(expected));
    return Step::kNext;
  }
  exchange_.Expect(std::move(expected));
  SendOut();
  ConsumeTaken();
  s_->large_.Start(frame.bytes.size(), s_->held_->stream.get());
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::TakeFunctionCall(std::string_view rest) {
  Step step = ReadyForSimple();
  if (step != Step::kNext) return step;
  wire::FrameHeader header;
  wire::PeekHeader(rest, wire::kFrontendLimits, &header);
  Plan plan;
  plan.advances_sequence = true;  // it may be nextval()
  if (s_->TakeSequenceTurn(plan)) RunHidden("DISCARD SEQUENCES");
  s_->SuspectCalled(rest);
  SendOut();
  ConsumeTaken();
  if (s_->worker_->map().shard_count() > 1) {
    s_->large_.Start(header.total, nullptr);
    return RefuseSimple(s_->NoFunctionCalls());
  }
  Expected expected;
  expected.what = What::kFunctionCall;
  exchange_.Expect(std::move(expected));
  s_->held_->tainted = true;
  s_->large_.Start(header.total, s_->held_->stream.get());
  synced_ = true;
  return Step::kNext;
}

}  // namespace pgbraid::router
