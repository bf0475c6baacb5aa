// How a segment's statements become those of the server connection at hand:
// under global names, prepared there first where they are not yet.

#include <utility>

#include "router/extended_segment.h"
#include "wire/backend.h"

namespace pgbraid::router {
namespace {

using What = Expected::What;

std::string Ack(char t) {
  std::string message;
  wire::AppendEmpty(t, &message);
  return message;
}

}  // namespace

size_t ExtendedSegment::PreparedLimit() const {
  return static_cast<size_t>(s_->worker_->options().max_prepared);
}

ServerPreparation ExtendedSegment::Preparation() {
  return ServerPreparation(s_->held_.lease.get(),
                           s_->state_->settings.effective, &out_, &exchange_);
}

void ExtendedSegment::SendParse(const ClientStatementRef& client) {
  pool::ServerConnection* connection = s_->held_.lease.get();
  const PreparedRef& prepared = client->prepared;
  Expected expected;
  expected.client = client;
  expected.defines = true;
  expected.what = What::kParse;
  expected.prepared = prepared;
  if (client->name.empty()) {
    AppendParse("", *prepared);
    connection->unnamed_statement = prepared->id;
    connection->unnamed_shape = 0;
    expected.unnamed = true;
    exchange_.Expect(std::move(expected));
    return;
  }
  // What others have prepared may be older than a change of the tables that
  // nobody has seen yet. It will do where the segment can start over.
  bool reuses = exchange_.may_prepare_again() || fresh_.contains(prepared->id);
  if (reuses && connection->prepared.Use(prepared->id)) {
    expected.what = What::kSynthetic;
    expected.bytes = Ack(wire::backend_type::kParseComplete);
    exchange_.Expect(std::move(expected));
    return;
  }
  Preparation().Close(prepared->id);
  Preparation().MakeRoom(1, PreparedLimit());
  AppendParse(prepared->server_name, *prepared);
  connection->prepared.Add(prepared->id);
  expected.adds = prepared->id;
  fresh_.insert(prepared->id);
  exchange_.Expect(std::move(expected));
}

void ExtendedSegment::EnsureUnnamed(const ClientStatementRef& client) {
  // Prepared in an earlier segment, perhaps elsewhere.
  if (s_->held_->unnamed_statement == client->prepared->id) return;
  Preparation().PrepareUnnamed(client);
}

void ExtendedSegment::AppendParse(std::string_view name,
                                  const PreparedStatement& prepared) {
  if (prepared.text.size() <= LargeMessage::kThreshold) {
    wire::AppendParse(name, prepared.text, prepared.type_list(), &out_);
    return;
  }
  // A large text is not copied once more.
  wire::AppendParseHead(name, prepared.text.size(), prepared.types.size(),
                        &out_);
  s_->held_->stream->Send(out_, prepared.text);
  out_.clear();
  wire::AppendParseTail(prepared.type_list(), &out_);
}

void ExtendedSegment::EnsurePrepared(const ClientStatementRef& client) {
  if (s_->held_->prepared.Use(client->prepared->id)) return;
  Preparation().Ensure(client, PreparedLimit());
  fresh_.insert(client->prepared->id);
}

void ExtendedSegment::PrepareFor(const Translation* translation) {
  if (translation->own_names) {
    Preparation().TakeOwnNames(AllPrepared());
    fresh_.clear();
  }
  for (const ClientStatementRef& needed : translation->needed) {
    EnsurePrepared(needed);
  }
  for (const ClientStatementRef& made : translation->made) {
    if (translation->own_names) break;
    Preparation().Close(made->prepared->id);
    Preparation().MakeRoom(1, PreparedLimit());
  }
}

void ExtendedSegment::SendTranslation(
    const ClientStatementRef& client,
    const std::shared_ptr<const Translation>& translation) {
  PrepareFor(translation.get());
  wire::AppendParse("", translation->text, client->prepared->type_list(),
                    &out_);
  s_->held_->unnamed_statement = 0;
  Expected expected;
  expected.what = What::kParse;
  expected.hidden = true;
  expected.unnamed = true;
  expected.translation = translation;
  exchange_.Expect(std::move(expected));
}

ExtendedSegment::Step ExtendedSegment::CheckColumns(
    const ClientStatementRef& client, bool unnamed) {
  pool::ServerConnection* connection = s_->held_.lease.get();
  const uint64_t id = client->prepared->id;
  bool here = unnamed ? connection->unnamed_statement == id
                      : connection->prepared.Use(id);
  uint64_t shape = !here     ? 0
                   : unnamed ? connection->unnamed_shape
                             : connection->prepared.Shape(id);
  if (shape == client->told) return Step::kNext;
  if (shape != 0 && fresh_.contains(id)) {
    FailBound(ChangedColumns());
    return Step::kNext;
  }
  if (shape != 0 || !here) {
    // What is here is older than the client's, perhaps.
    if (unnamed) {
      Preparation().PrepareUnnamed(client);
    } else {
      Preparation().Close(id);
      Preparation().Ensure(client, PreparedLimit());
    }
    fresh_.insert(id);
  }
  Preparation().Describe(client, unnamed);
  return Step::kCheck;
}

void ExtendedSegment::SendDescribe(
    const ClientStatementRef& client,
    const std::shared_ptr<const Translation>& translation) {
  const PreparedRef& prepared = client->prepared;
  Expected expected;
  expected.what = What::kDescribeStatement;
  expected.client = client;
  expected.unnamed = true;
  std::string_view server_name;
  if (translation != nullptr) {
    SendTranslation(client, translation);
    expected.translation = translation;
  } else if (client->name.empty()) {
    EnsureUnnamed(client);
    expected.prepared = prepared;
  } else {
    // Outside of a transaction it may be as new as can be.
    if (!bound_ && !fresh_.contains(prepared->id)) {
      Preparation().Close(prepared->id);
    }
    EnsurePrepared(client);
    server_name = prepared->server_name;
    expected.prepared = prepared;
    expected.unnamed = false;
  }
  wire::AppendDescribe(wire::Target::kStatement, server_name, &out_);
  exchange_.Expect(std::move(expected));
}

void ExtendedSegment::RunHidden(std::string_view sql) {
  wire::AppendRunUnnamed(sql, &out_);
  s_->held_->unnamed_statement = 0;
  for (What what : {What::kParse, What::kBind, What::kExecute}) {
    Expected expected;
    expected.what = what;
    expected.hidden = true;
    exchange_.Expect(std::move(expected));
  }
}

void ExtendedSegment::SendWaiting() {
  for (Waiting& waiting : waiting_) {
    switch (waiting.what) {
      case Waiting::What::kParse:
        SendParse(waiting.client);
        break;
      case Waiting::What::kDescribe:
        SendDescribe(waiting.client, waiting.translation);
        break;
      case Waiting::What::kAnswer:
        exchange_.Expect(std::move(waiting.answer));
        break;
    }
  }
  waiting_.clear();
}

}  // namespace pgbraid::router
