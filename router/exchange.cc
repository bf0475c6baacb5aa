#include "router/exchange.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "wire/backend.h"
#include "wire/error_response.h"
#include "wire/frame.h"
#include "wire/writer.h"

namespace pgbraid::router {
namespace {

using What = Expected::What;
namespace type = wire::backend_type;

// Messages that may be large and are relayed while they arrive.
bool IsBulk(char t) {
  return t == type::kDataRow || t == type::kCopyData ||
         t == type::kFunctionCallResponse;
}

}  // namespace

bool StandbyCannot(const wire::ErrorIdentity& error) {
  if (error.sqlstate == sqlstate::kReadOnlySqlTransaction) return true;
  if (error.sqlstate == sqlstate::kAdminShutdown || error.sqlstate == "57P02") {
    return true;
  }
  if (error.sqlstate == "40001") {
    return error.routine == "ProcessInterrupts";
  }
  if (error.sqlstate == sqlstate::kFeatureNotSupported ||
      error.sqlstate == "55000") {
    return error.routine == "PreventCommandDuringRecovery" ||
           error.routine == "GetNewTransactionId" ||
           error.routine == "GetNewObjectId" ||
           error.routine == "LockAcquireExtended" ||
           error.routine == "PreventCommandIfReadOnly" ||
           error.routine == "assign_XactIsoLevel" ||
           error.routine == "RelationGetBufferForTuple" ||
           error.routine == "get_relation_info" ||
           error.routine == "GetSerializableTransactionSnapshot";
  }
  return false;
}

namespace {

// The whole message around an error's body.
std::string ErrorMessage(std::string_view body) {
  std::string message;
  wire::MessageWriter writer(&message);
  writer.Begin(type::kErrorResponse);
  writer.PutBytes(body);
  writer.End();
  return message;
}

// The error's body with its position as the client counts it; "" if that is as
// it stands.
std::string AtClientsPosition(const Expected& expected, std::string_view body) {
  if (expected.insertions.empty()) return {};
  std::string moved;
  bool changed = false;
  while (!body.empty() && body[0] != '\0') {
    size_t end = std::min(body.find('\0'), body.size());
    std::string_view field = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    uint32_t position = 0;
    if (field[0] == 'P' &&
        std::from_chars(field.data() + 1, field.data() + field.size(), position)
                .ec == std::errc()) {
      uint32_t before = 0;
      for (const Expected::Insertion& insertion : expected.insertions) {
        if (insertion.at < position) before += insertion.length;
      }
      changed |= before > 0;
      moved += 'P' + std::to_string(position - before);
    } else {
      moved += field;
    }
    moved += '\0';
  }
  moved += '\0';
  return changed ? moved : std::string();
}

// The error's body with the client's name of the statement for the server's;
// "" if it does not stand there.
std::string InClientsWords(const Expected& expected, std::string_view body) {
  if (expected.prepared == nullptr || expected.name.empty()) return {};
  std::string servers = '"' + expected.prepared->server_name + '"';
  size_t at = body.find(servers);
  if (at == std::string_view::npos) return {};
  std::string renamed(body.substr(0, at));
  renamed += '"' + expected.name + '"';
  renamed += body.substr(at + servers.size());
  return renamed;
}

}  // namespace

bool Exchange::commit_in_flight() const {
  if (head_ >= expected_.size()) return false;
  for (size_t i = head_; i < expected_.size(); ++i) {
    const auto& query = expected_[i].query;
    if (query == nullptr) continue;
    for (const sql::Statement& statement : query->statements()) {
      if (statement.kind == sql::Kind::kCommit) return true;
    }
  }
  return false;
}

void Exchange::set_replacement(const Status& status) {
  wire::AppendErrorResponse(status, wire::Severity::kError, &replacement_);
}

void Exchange::Pop() {
  ++head_;
  statement_ = 0;
  inserted_left_ = 0;
  if (head_ == expected_.size()) {
    expected_.clear();
    head_ = 0;
  }
}

void Exchange::Define(const Expected& expected) {
  if (expected.what == What::kParse && !expected.hidden &&
      expected.name.empty()) {
    state_->unnamed = expected.prepared;
  }
  if (expected.closes) {
    if (state_->prepared != nullptr) state_->prepared->erase(expected.name);
    return;
  }
  if (!expected.defines) return;
  if (state_->prepared == nullptr) {
    state_->prepared = std::make_unique<PreparedNamesOfClient>();
  }
  (*state_->prepared)[expected.name] = expected.prepared;
}

void Exchange::SendSynthetic() {
  while (Expected* next = head()) {
    if (next->what != What::kSynthetic) return;
    Define(*next);
    Relay(next->bytes);
    Pop();
  }
}

void Exchange::Relay(std::string_view bytes) {
  if (may_retry_ && !relayed_) {
    held_.append(bytes);
    return;
  }
  if (!held_.empty()) {
    client_->Send(held_, bytes);
    held_.clear();
  } else if (!bytes.empty()) {
    client_->Send(bytes);
  }
}

Exchange::Progress Exchange::Lose(Status why) {
  loss_ = std::move(why);
  connection_->retired = true;
  return Progress::kLost;
}

Exchange::Progress Exchange::Pump() {
  SendSynthetic();
  if (done()) return Progress::kDone;
  if (connection_ == nullptr || client_->congested()) return Progress::kPending;
  // What the client sent on may lie in the buffer that this reads into.
  if (!client_->input().empty()) client_->Keep();
  net::Stream::Received received = connection_->stream->Receive();
  switch (received.state) {
    case net::Stream::State::kPending:
      return Progress::kPending;
    case net::Stream::State::kEof:
    case net::Stream::State::kBroken:
      return Lose(connection_->LossError(last_words_));
    case net::Stream::State::kData:
      break;
  }
  if (!Consume(received.data)) return Progress::kLost;
  SendSynthetic();
  return done() ? Progress::kDone : Progress::kMoved;
}

bool Exchange::Consume(std::string_view input) {
  if (pass_bytes_ > 0) {
    size_t part = std::min(pass_bytes_, input.size());
    if (!pass_hidden_) Relay(input.substr(0, part));
    pass_bytes_ -= part;
    input.remove_prefix(part);
  }
  std::string joined;
  if (!connection_->partial.empty() && !input.empty()) {
    joined = std::move(connection_->partial);
    connection_->partial.clear();
    joined.append(input);
    input = joined;
  }
  // [run, at) is what goes to the client in one piece.
  size_t run = 0;
  size_t at = 0;
  while (at < input.size()) {
    std::string_view rest = input.substr(at);
    wire::FrameHeader header;
    wire::FrameStatus status =
        wire::PeekHeader(rest, wire::kBackendLimits, &header);
    if (status == wire::FrameStatus::kMalformed) {
      Relay(input.substr(run, at - run));
      Lose(wire::FrameError(rest, wire::kBackendLimits));
      return false;
    }
    bool whole =
        status == wire::FrameStatus::kComplete && header.total <= rest.size();
    if (!whole) {
      if (status == wire::FrameStatus::kComplete && IsBulk(header.type)) {
        Verdict verdict = Handle(header.type, {});
        if (verdict == Verdict::kHide) {
          Relay(input.substr(run, at - run));
        } else {
          Relay(input.substr(run));
        }
        pass_hidden_ = verdict == Verdict::kHide;
        pass_bytes_ = header.total - rest.size();
        return true;
      }
      connection_->partial.assign(rest);
      break;
    }
    std::string_view body = rest.substr(wire::kFrameHeaderBytes,
                                        header.total - wire::kFrameHeaderBytes);
    if (head() == nullptr && header.type != type::kParameterStatus &&
        header.type != type::kNoticeResponse &&
        header.type != type::kNotificationResponse) {
      // Nothing was asked, and yet it speaks: nobody's answer.
      connection_->retired = true;
    }
    // Synthetic answers stand between the server's own.
    if (head() != nullptr && head()->what == What::kSynthetic) {
      Relay(input.substr(run, at - run));
      run = at;
      SendSynthetic();
    }
    if (header.type == type::kErrorResponse ||
        (header.type == type::kReadyForQuery &&
         state_->told != connection_->parameters)) {
      // It may be replaced by another, or take back what came before it; or
      // something has to be said before it.
      Relay(input.substr(run, at - run));
      run = at;
    }
    Verdict verdict = Handle(header.type, body);
    if (verdict == Verdict::kHide) {
      Relay(input.substr(run, at - run));
      run = at + header.total;
    }
    at += header.total;
  }
  Relay(input.substr(run, at - run));
  return true;
}

Exchange::Verdict Exchange::Handle(char t, std::string_view body) {
  Expected* next = head();
  Verdict verdict = Verdict::kRelay;
  if (next == nullptr || next->hidden || wants_primary_ ||
      (inserted_left_ > 0 &&
       (t == type::kRowDescription || t == type::kDataRow))) {
    verdict = Verdict::kHide;
  }
  switch (t) {
    case type::kDataRow:
    case type::kCopyData:
    case type::kCopyDone:
    case type::kFunctionCallResponse:
      break;
    case type::kParseComplete:
      if (next != nullptr && next->what == What::kParse) {
        Define(*next);
        Pop();
      }
      return verdict;
    case type::kBindComplete:
    case type::kCloseComplete:
      if (next != nullptr) Pop();
      return verdict;
    case type::kParameterDescription:
      if (next != nullptr && next->prepared != nullptr) {
        wire::OidList types;
        if (wire::ParseParameterDescription(body, &types).ok()) {
          next->prepared->described.clear();
          for (size_t i = 0; i < types.size(); ++i) {
            next->prepared->described.push_back(types[i]);
          }
        }
      }
      return verdict;
    case type::kRowDescription:
    case type::kNoData:
      if (next != nullptr && (next->what == What::kDescribeStatement ||
                              next->what == What::kDescribePortal)) {
        Pop();
      }
      return verdict;
    case type::kCommandComplete:
      return HandleComplete(body) == Verdict::kHide ? Verdict::kHide : verdict;
    case type::kEmptyQueryResponse:
    case type::kPortalSuspended:
      if (next != nullptr && next->what == What::kExecute) Pop();
      ++statement_;
      break;
    case type::kErrorResponse:
      return HandleError(body) == Verdict::kHide ? Verdict::kHide : verdict;
    case type::kReadyForQuery:
      return HandleReady(body);
    case type::kParameterStatus:
      return HandleParameter(body);
    case type::kNoticeResponse:
      if (verdict == Verdict::kRelay) relayed_ = true;
      return verdict;
    case type::kNotificationResponse:
      return state_->pins != 0 ? Verdict::kRelay : Verdict::kHide;
    case type::kCopyInResponse:
      copying_in_ = true;
      break;
    default:
      break;
  }
  if (verdict == Verdict::kRelay) relayed_ = true;
  return verdict;
}

const sql::Statement* Exchange::Running(const Expected& expected) const {
  bool simple = expected.what == What::kQuery;
  size_t place = simple ? statement_ : 0;
  if (expected.query == nullptr || expected.hidden || inserted_left_ > 0 ||
      place >= expected.query->statements().size()) {
    return nullptr;
  }
  return &expected.query->statements()[place];
}

Exchange::Verdict Exchange::HandleComplete(std::string_view body) {
  copying_in_ = false;
  Expected* next = head();
  if (next == nullptr) return Verdict::kHide;
  if (inserted_left_ > 0) {
    --inserted_left_;
    return Verdict::kHide;
  }
  std::string_view tag;
  if (!wire::ParseCommandComplete(body, &tag).ok()) tag = {};
  bool relayed = !next->hidden && !wants_primary_;
  if (relayed) relayed_ = true;
  bool simple = next->what == What::kQuery;
  if (const sql::Statement* statement = Running(*next)) {
    state_->Completed(*statement, tag, connection_);
  }
  if (simple) {
    if (statement_ < next->inserted.size()) {
      inserted_left_ = next->inserted[statement_];
    }
    ++statement_;
  } else if (next->what == What::kExecute) {
    Pop();
  }
  return Verdict::kRelay;
}

void Exchange::SkipToSync() {
  while (Expected* next = head()) {
    if (next->what == What::kSync || next->what == What::kQuery ||
        next->what == What::kFunctionCall) {
      return;
    }
    Pop();
  }
}

Exchange::Verdict Exchange::HandleError(std::string_view body) {
  copying_in_ = false;
  wire::ErrorFields fields;
  if (wire::ParseErrorFields(body, &fields).ok() &&
      (fields.severity_plain == "FATAL" || fields.severity_plain == "PANIC")) {
    // The server ends the connection: not an answer, but the cause of a loss.
    connection_->retired = true;
    last_words_ = std::string(fields.message);
    return Verdict::kHide;
  }
  Expected* next = head();
  if (next == nullptr) return Verdict::kHide;
  if (next->what == What::kRefusal) {
    failed_ = true;
    relayed_ = true;
    client_->Send(next->bytes);
    connection_->unnamed_statement = 0;
    SkipToSync();
    return Verdict::kHide;
  }
  if (!replacement_.empty() && !next->hidden) {
    failed_ = true;
    relayed_ = true;
    client_->Send(replacement_);
    return Verdict::kHide;
  }
  if (may_retry_ && !relayed_ && StandbyCannot(wire::IdentifyError(body))) {
    wants_primary_ = true;
    held_.clear();
    SkipToSync();
    return Verdict::kHide;
  }
  if (next->what == What::kParse && next->prepared != nullptr) {
    connection_->prepared.Remove(next->prepared->id);
    connection_->unnamed_statement = 0;
    if (!next->hidden && next->name.empty()) state_->unnamed = nullptr;
  }
  if (const sql::Statement* running = Running(*next)) {
    state_->Failed(*running, connection_);
  }
  failed_ = true;
  relayed_ = true;
  // The error of a message that the router added is the client's to see: it
  // stands for what the client asked. It speaks of the client's own name.
  std::string renamed = InClientsWords(*next, body);
  if (renamed.empty()) renamed = AtClientsPosition(*next, body);
  bool hidden = next->hidden || !renamed.empty();
  if (hidden) client_->Send(ErrorMessage(renamed.empty() ? body : renamed));
  // What follows is skipped by the server; it never holds it.
  for (size_t i = head_ + 1; i < expected_.size(); ++i) {
    if (expected_[i].what == What::kSync || expected_[i].what == What::kQuery) {
      break;
    }
    if (expected_[i].what == What::kParse && expected_[i].prepared) {
      connection_->prepared.Remove(expected_[i].prepared->id);
      connection_->unnamed_statement = 0;
    }
    // A statement that was to be closed is still there.
    if (expected_[i].what == What::kClose && expected_[i].hidden) {
      connection_->retired = true;
    }
  }
  if (next->what != What::kQuery && next->what != What::kFunctionCall) {
    SkipToSync();
  }
  return hidden ? Verdict::kHide : Verdict::kRelay;
}

Exchange::Verdict Exchange::HandleReady(std::string_view body) {
  copying_in_ = false;
  Expected* next = head();
  wire::TransactionStatus status = wire::TransactionStatus::kIdle;
  if (!wire::ParseReadyForQuery(body, &status).ok()) {
    connection_->retired = true;
  }
  connection_->transaction_status = status;
  ready_status_ = status;
  if (next == nullptr) return Verdict::kHide;
  bool hidden = (next->hidden && !next->shows_ready) || next->hides_ready ||
                wants_primary_;
  if (next->prefix) --connection_->prefix;
  Pop();
  if (hidden) return Verdict::kHide;
  Relay(state_->Tell(connection_->parameters));
  return Verdict::kRelay;
}

Exchange::Verdict Exchange::HandleParameter(std::string_view body) {
  wire::ParameterStatus parameter;
  if (!wire::ParseParameterStatus(body, &parameter).ok() ||
      pool::IsHostParameter(parameter.name)) {
    return Verdict::kHide;
  }
  // The client hears of it with ReadyForQuery, as from PostgreSQL: what was
  // changed and changed back before that is nothing to it.
  connection_->NoteParameter(parameter.name, parameter.value);
  return Verdict::kHide;
}

}  // namespace pgbraid::router
