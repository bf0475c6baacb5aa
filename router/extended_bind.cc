// The Bind of an extended-protocol segment: the message that says which shards
// its statement needs.

#include <utility>

#include "router/extended_segment.h"
#include "router/planner.h"
#include "wire/backend.h"

namespace pgbraid::router {
namespace {

namespace type = wire::frontend_type;
using What = Expected::What;

std::string BindComplete() {
  std::string message;
  wire::AppendEmpty(wire::backend_type::kBindComplete, &message);
  return message;
}

}  // namespace

Plan ExtendedSegment::PlanBind(const ClientStatementRef& client,
                               const wire::BindMessage& bind,
                               const Translation* translation, bool* missing) {
  const PreparedRef& prepared = client->prepared;
  ExecutionValues values;
  values.text = prepared->text;
  values.fingerprint = &prepared->recognized.fingerprint;
  values.modes = s_->state_->context->modes;
  values.context = s_->state_->context->keys;
  values.bind = &bind;
  values.missing = missing;
  values.parameter_types = prepared->parameter_types();
  values.used_once = &prepared->recognized.query->used_once();
  Plan plan =
      translation != nullptr
          ? s_->PlanTranslated(prepared->recognized, values, *translation)
          : PlanQuery(*prepared->recognized.query, values);
  bool apart = plan.standby && s_->state_->pins != 0 &&
               s_->MayReadApart(*prepared->recognized.query, prepared->text,
                                translation);
  plan = s_->Restrict(std::move(plan), apart);
  plan.standby = plan.standby && !prepared->has_user_types();
  plan.only_reads = plan.only_reads && !prepared->has_user_types();
  return plan;
}

bool ExtendedSegment::DescribesNext(size_t after,
                                    std::string_view portal) const {
  std::string_view input = s_->client_.input();
  wire::Frame frame;
  wire::TargetMessage describe;
  return after <= input.size() &&
         wire::NextFrame(input.substr(after), wire::kFrontendLimits, &frame) ==
             wire::FrameStatus::kComplete &&
         frame.type == type::kDescribe &&
         wire::ParseDescribe(frame.body, &describe).ok() &&
         describe.target == wire::Target::kPortal && describe.name == portal;
}

ExtendedSegment::Ending ExtendedSegment::EndingFrom(size_t from) const {
  std::string_view input = s_->client_.input();
  if (from > input.size() || input.size() > LargeMessage::kThreshold) {
    return Ending::kOther;
  }
  std::string_view rest = input.substr(from);
  // Flush asks for the answers so far, which is nothing if Sync follows at once
  // (some drivers send both).
  bool flushed = false;
  for (;;) {
    wire::Frame frame;
    switch (wire::NextFrame(rest, wire::kFrontendLimits, &frame)) {
      case wire::FrameStatus::kNeedMore:
        return flushed ? Ending::kOther : Ending::kUnknown;
      case wire::FrameStatus::kMalformed:
        return Ending::kOther;
      case wire::FrameStatus::kComplete:
        break;
    }
    if (frame.type == type::kSync) return Ending::kPlain;
    if (flushed) return Ending::kOther;
    flushed = frame.type == type::kFlush;
    if (!flushed && frame.type != type::kExecute &&
        frame.type != type::kDescribe) {
      return Ending::kOther;
    }
    rest.remove_prefix(frame.bytes.size());
  }
}

Status ExtendedSegment::CheckBind(const wire::BindMessage& bind,
                                  const ClientStatementRef& client) {
  if (client == nullptr) {
    return SqlError(sqlstate::kInvalidStatementName,
                    bind.statement.empty()
                        ? "unnamed prepared statement does not exist"
                        : "prepared statement \"" +
                              std::string(bind.statement) +
                              "\" does not exist");
  }
  s_->Recognize(client->prepared);
  const sql::Statement* single = client->prepared->recognized.query->single();
  bool ends = single != nullptr && (single->kind == sql::Kind::kCommit ||
                                    single->kind == sql::Kind::kRollback);
  if (s_->deferred() && s_->state_->transaction()->failed && !ends) {
    return s_->InFailedTransaction();
  }
  if (!IsLocal(client->prepared)) return OkStatus();
  if (bind.value_count > 0) {
    return SqlError(sqlstate::kProtocolViolation,
                    "bind message supplies " +
                        std::to_string(bind.value_count) +
                        " parameters, but prepared statement \"" +
                        std::string(bind.statement) + "\" requires 0");
  }
  if (!bind.portal.empty() && portals_.contains(bind.portal)) {
    return SqlError(
        "42P03", "cursor \"" + std::string(bind.portal) + "\" already exists");
  }
  return OkStatus();
}

void ExtendedSegment::BindLocally(
    const wire::BindMessage& bind, const ClientStatementRef& client,
    std::shared_ptr<const Translation> translation) {
  portals_[std::string(bind.portal)] = {client->prepared->recognized.query,
                                        client, true, std::move(translation),
                                        false};
  Answer(BindComplete());
}

ExtendedSegment::Step ExtendedSegment::PrepareChannels(
    const std::shared_ptr<const RoutedQuery>& query) {
  Status unlistens = s_->CheckUnlisten(*query);
  if (!unlistens.ok()) return Refuse(unlistens);
  Listening* listening = s_->state_->listening.get();
  if (s_->MustSubscribe(*query)) {
    listens_ = query;
    return Step::kListen;
  }
  if (listening == nullptr) return Step::kNext;
  const sql::Statement* single = query->single();
  if (single != nullptr && single->kind == sql::Kind::kCommit &&
      listening->channels.has_pending() && !forgot_early_) {
    return Step::kCommit;
  }
  if (query->reads_channels() && !show_channels_) {
    if (bound_ && !listening->channels.active().empty()) {
      return Refuse(SqlError(
          sqlstate::kFeatureNotSupported,
          "pg_listening_channels() after other statements of a segment is not "
          "supported by pooled sessions that listen",
          "", "Send Sync first."));
    }
    show_channels_ = true;
  }
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::PrepareRead(const Recognized& read) {
  if (bound_ || primary_only_) return Step::kNext;
  if (s_->NewerCatalogsMayHelp(read)) return Step::kCatalogs;
  return s_->WantsTemporaryNames(*read.query) ? Step::kTemporary : Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::TakeBind(const wire::Frame& frame) {
  wire::BindMessage bind;
  Status parsed = wire::ParseBind(frame.body, &bind);
  bool has_names = bind.rest.data() != nullptr;
  if (!has_names) return Refuse(parsed);
  ClientStatementRef client = FindPrepared(bind.statement);
  Status status = CheckBind(bind, client);
  if (!status.ok()) return Refuse(status);
  const PreparedRef& prepared = client->prepared;
  if (!parsed.ok()) {
    // A server says best what is wrong with it, if there is only one to ask.
    bool has_choice = s_->worker_->map().shard_count() > 1;
    if (has_choice || IsLocal(prepared)) return Refuse(parsed);
    bind.values.clear();
  }
  Step channels = PrepareChannels(prepared->recognized.query);
  if (channels != Step::kNext || skipping_) return channels;
  Step read = PrepareRead(prepared->recognized);
  if (read != Step::kNext) return read;
  if (IsLocal(prepared)) {
    BindLocally(bind, client, nullptr);
    return Step::kNext;
  }
  std::shared_ptr<const Translation> translation = TranslateStatement(client);
  if (translation != nullptr && !translation->refusal.ok()) {
    // It fails when it is executed.
    BindLocally(bind, client, std::move(translation));
    return Step::kNext;
  }
  size_t after = static_cast<size_t>(frame.bytes.data() + frame.bytes.size() -
                                     s_->client_.input().data());
  Step step = Place(PlanBind(client, bind, translation.get(), nullptr), client,
                    bind, after, translation != nullptr);
  if (step != Step::kNext || skipping_) return step;
  if (translation != nullptr) s_->DefineCustomOf(*translation);
  SendBindHead(bind, client, translation, bind.rest.size());
  if (keep_input_ || bind.rest.size() <= LargeMessage::kThreshold) {
    out_.append(bind.rest);
    return Step::kNext;
  }
  SendOut();
  cursor_ = after - bind.rest.size();
  ConsumeTaken();
  s_->large_.Start(bind.rest.size(), s_->held_->stream.get());
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::TakeLargeBind(std::string_view rest) {
  wire::FrameHeader header;
  wire::PeekHeader(rest, wire::kFrontendLimits, &header);
  std::string_view body = rest.substr(wire::kFrameHeaderBytes);
  wire::BindMessage bind;
  auto hold = [&] {
    Status fits = s_->CheckSize(header);
    return fits.ok() ? Step::kMore : Refuse(fits);
  };
  if (!wire::ParseBindPrefix(body, &bind)) return hold();
  ClientStatementRef client = FindPrepared(bind.statement);
  Status status = CheckBind(bind, client);
  if (!status.ok()) return Refuse(status);
  // A statement of the router's own, or one that names others, is rare.
  if (IsLocal(client->prepared) || TranslateStatement(client) != nullptr) {
    return hold();
  }
  bool missing = false;
  Plan plan = PlanBind(client, bind, nullptr, &missing);
  // What decides has perhaps not arrived yet.
  if (missing || plan.kind == Plan::Kind::kScatter) return hold();
  plan.standby = plan.only_reads = false;
  Step step =
      Place(std::move(plan), client, bind, std::string_view::npos, false);
  if (step != Step::kNext || skipping_) return step;
  size_t head = wire::kFrameHeaderBytes +
                static_cast<size_t>(bind.rest.data() - body.data());
  SendBindHead(bind, client, nullptr, header.total - head);
  SendOut();
  cursor_ += head;
  ConsumeTaken();
  s_->large_.Start(header.total - head, s_->held_->stream.get());
  return Step::kNext;
}

ExtendedSegment::Step ExtendedSegment::Place(Plan plan,
                                             const ClientStatementRef& client,
                                             const wire::BindMessage& bind,
                                             size_t after, bool translated) {
  if (s_->worker_->options().log_routes) {
    s_->LogRoute(plan, client->prepared->text);
  }
  if (plan.refused()) return Refuse(plan.refusal);
  s_->state_->SuspectParameters(*client->prepared->recognized.query, bind,
                                client->prepared->parameter_types());
  if (!bound_) {
    if (plan.kind == Plan::Kind::kScatter) {
      s_->state_->DefineCustom(*client->prepared->recognized.query);
      return PrepareScatter(client, bind, plan, after);
    }
    const bool may_repeat = !answered_ && !exchange_.told();
    plan.standby = plan.standby && !primary_only_ && may_repeat;
    // What was prepared by another segment may not fit any more.
    bool earlier = !bind.statement.empty() || unnamed_ == nullptr || translated;
    whole_ = false;
    plan.only_reads = plan.only_reads && !primary_only_ && may_repeat &&
                      s_->state_->pins == 0;
    if ((plan.standby || plan.only_reads || earlier) && may_repeat) {
      Ending ending = EndingFrom(after);
      if (ending == Ending::kUnknown) return Step::kMore;
      whole_ = ending == Ending::kPlain;
    }
    plan.standby = plan.standby && whole_;
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
  Status sequences = s_->CheckSequences(plan, s_->held_);
  if (!sequences.ok()) return Refuse(sequences);
  // Not before there is a connection: it would be given them.
  s_->state_->DefineCustom(*client->prepared->recognized.query);
  const sql::Statement* single = client->prepared->recognized.query->single();
  // DISCARD itself has no need of another before it, and DISCARD ALL must be
  // the first of its transaction.
  bool is_discard = single != nullptr && single->kind == sql::Kind::kDiscard;
  if (s_->TakeSequenceTurn(plan) && !is_discard) {
    RunHidden("DISCARD SEQUENCES");
  }
  Restore(client->prepared);
  if (!translated && client->told > kShapeOfNoData && !exchange_.failed() &&
      !DescribesNext(after, bind.portal)) {
    return CheckColumns(client, bind.statement.empty());
  }
  return Step::kNext;
}

void ExtendedSegment::SendBindHead(
    const wire::BindMessage& bind, const ClientStatementRef& client,
    const std::shared_ptr<const Translation>& translation, size_t rest_bytes) {
  const PreparedRef& prepared = client->prepared;
  portals_[std::string(bind.portal)] = {prepared->recognized.query, client,
                                        false, translation, false};
  Expected expected;
  expected.what = What::kBind;
  std::string_view server_name;
  if (translation != nullptr) {
    SendTranslation(client, translation);
    expected.translation = translation;
  } else {
    expected.client = client;
    expected.prepared = prepared;
    if (bind.statement.empty()) {
      EnsureUnnamed(client);
    } else {
      EnsurePrepared(client);
      server_name = prepared->server_name;
    }
  }
  wire::AppendBindHead(bind.portal, server_name, rest_bytes, &out_);
  exchange_.Expect(std::move(expected));
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
  bool described = false;
  for (const Waiting& waiting : waiting_) {
    if (waiting.client != client) return Refuse(refusal);
    if (waiting.what == Waiting::What::kParse) {
      parsed = true;
    } else {
      wire::AppendDescribe(wire::Target::kStatement, "", &request);
      described = true;
    }
  }
  wire::AppendBind("", "", bind.rest, &request);
  size_t executes = 0;
  bool flushed = false;
  for (;;) {
    wire::Frame frame;
    switch (wire::NextFrame(s_->client_.input().substr(from),
                            wire::kFrontendLimits, &frame)) {
      case wire::FrameStatus::kNeedMore:
        if (flushed && sync_is_late_) return Refuse(refusal);
        awaits_sync_ = flushed;
        return Step::kMore;
      case wire::FrameStatus::kMalformed:
        return Refuse(refusal);
      case wire::FrameStatus::kComplete:
        break;
    }
    from += frame.bytes.size();
    if (frame.type == type::kSync) break;
    wire::TargetMessage describe;
    wire::ExecuteMessage execute;
    if (frame.type == type::kFlush && executes == 1 && !flushed) {
      flushed = true;
    } else if (flushed) {
      return Refuse(refusal);
    } else if (frame.type == type::kDescribe && executes == 0 &&
               wire::ParseDescribe(frame.body, &describe).ok() &&
               describe.target == wire::Target::kPortal) {
      wire::AppendDescribe(wire::Target::kPortal, "", &request);
      described = true;
    } else if (frame.type == type::kExecute && ++executes == 1 &&
               wire::ParseExecute(frame.body, &execute).ok() &&
               execute.max_rows <= 0) {
      if (!described) {
        // The columns have to be the same everywhere, and those it knows.
        wire::AppendDescribe(wire::Target::kPortal, "", &request);
      }
      wire::AppendExecute("", 0, &request);
    } else {
      return Refuse(refusal);
    }
  }
  if (executes != 1) return Refuse(refusal);
  wire::AppendSync(&request);
  scatter_.messages = std::move(request);
  scatter_.hide_parse = !parsed;
  scatter_.hide_columns = !described;
  scatter_.client = client;
  for (auto& [name, defined] : defined_) s_->state_->Define(name, defined);
  if (unnamed_ != nullptr) s_->state_->unnamed = unnamed_;
  plan_ = plan;
  s_->client_.Consume(from);
  return Step::kScatter;
}

}  // namespace pgbraid::router
