#include "router/exchange.h"

#include <algorithm>
#include <utility>

#include "wire/backend.h"
#include "wire/error_response.h"
#include "wire/frame.h"

namespace pgbraid::router {
namespace {

using What = Expected::What;
namespace type = wire::backend_type;

// Messages that may be large and are relayed while they arrive.
bool IsBulk(char t) {
  return t == type::kDataRow || t == type::kCopyData ||
         t == type::kFunctionCallResponse;
}

// How many popped answers are kept at the front before they are cleared away.
constexpr size_t kCompactAt = 256;

}  // namespace

bool Exchange::commit_in_flight() const {
  if (head_ >= expected_.size()) return false;
  for (size_t i = head_; i < expected_.size(); ++i) {
    const auto& query = expected_[i].query;
    if (query == nullptr) continue;
    for (const sql::Statement& statement : query->statements()) {
      if (statement.kind == sql::Kind::kCommit ||
          statement.kind == sql::Kind::kPrepareTransaction ||
          statement.kind == sql::Kind::kCommitPrepared) {
        return true;
      }
    }
  }
  return false;
}

void Exchange::set_replacement(const Status& status) {
  wire::AppendErrorResponse(status, wire::Severity::kError, &replacement_);
}

void Exchange::Expect(Expected expected) {
  expected_.push_back(std::move(expected));
}

void Exchange::Pop() {
  ++head_;
  statement_ = 0;
  inserted_left_ = 0;
  made_ = 0;
  if (head_ == expected_.size()) {
    expected_.clear();
    head_ = 0;
  } else if (head_ >= kCompactAt && head_ > expected_.size() / 2) {
    expected_.erase(expected_.begin(),
                    expected_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
}

void Exchange::Define(const Expected& expected) {
  if (expected.closes_all) state_->prepared = nullptr;
  if (expected.closes) state_->Undefine(expected.name);
  if (expected.defines) {
    state_->Define(expected.client->name, expected.client);
  }
}

void Exchange::Undo(const Expected& expected) {
  if (connection_ == nullptr) return;
  if (expected.unnamed) connection_->unnamed_statement = 0;
  // What was to be dropped in a way that can't be undone.
  if (expected.drops_all) connection_->retired = true;
  if (expected.adds != 0) connection_->prepared.Remove(expected.adds);
  if (expected.drops != 0) connection_->prepared.Add(expected.drops);
}

void Exchange::SendSynthetic() {
  while (Expected* next = head()) {
    if (next->what != What::kSynthetic) return;
    if (!skipping_) {
      Define(*next);
      Relay(next->bytes);
    }
    Pop();
  }
}

void Exchange::Relay(std::string_view bytes) {
  if (MayStartOver() && !relayed_) {
    held_.append(bytes);
    return;
  }
  told_ |= !held_.empty() || !bytes.empty();
  if (!held_.empty()) {
    client_->Send(held_, bytes);
    held_.clear();
  } else if (!bytes.empty()) {
    client_->Send(bytes);
  }
}

void Exchange::Tell(std::string_view bytes) {
  relayed_ = true;
  Relay(bytes);
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
        header.type == type::kNotificationResponse ||
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
  if (next == nullptr || next->hidden || StartsOver() ||
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
      if (next != nullptr && !next->begins) Pop();
      return verdict;
    case type::kParameterDescription:
      HandleParameters(body);
      return verdict;
    case type::kRowDescription:
    case type::kNoData:
      if (next != nullptr && (next->what == What::kDescribeStatement ||
                              next->what == What::kDescribePortal)) {
        HandleColumns(t == type::kNoData ? kShapeOfNoData : ShapeOf(body));
        Pop();
      }
      return verdict;
    case type::kCommandComplete:
      return HandleComplete(body) == Verdict::kHide ? Verdict::kHide : verdict;
    case type::kPortalSuspended:
      HandleSuspended();
      break;
    case type::kEmptyQueryResponse:
      if (next != nullptr && next->what == What::kExecute) Pop();
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
      return HandleNotification(body);
    case type::kCopyInResponse:
      HandleCopyIn();
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
  bool relayed = !next->hidden && !StartsOver();
  if (relayed) relayed_ = true;
  bool simple = next->what == What::kQuery;
  if (const sql::Statement* statement = Running(*next)) {
    HandlePrepared(*statement, *next);
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

void Exchange::HandleSuspended() {
  Expected* next = head();
  if (next == nullptr || next->what != What::kExecute) return;
  // It may never be resumed: what it has done counts now.
  if (next->query != nullptr && !next->hidden && !StartsOver()) {
    for (const sql::Statement& statement : next->query->statements()) {
      state_->Completed(statement, "", connection_);
    }
  }
  Pop();
}

void Exchange::HandleCopyIn() {
  copying_in_ = true;
  // A Sync that is on its way already is passed over by the server.
  if (outstanding() == 2 && expected_.back().what == What::kSync) {
    expected_.pop_back();
    swallowed_sync_ = true;
  }
}

void Exchange::HandleParameters(std::string_view body) {
  Expected* next = head();
  if (next == nullptr || next->prepared == nullptr) return;
  wire::OidList types;
  if (!wire::ParseParameterDescription(body, &types).ok()) return;
  PreparedStatement& prepared = *next->prepared;
  prepared.is_described = true;
  prepared.described.clear();
  for (size_t i = 0; i < types.size(); ++i) {
    prepared.described.push_back(types[i]);
  }
}

void Exchange::HandleColumns(uint64_t shape) {
  Expected* next = head();
  if (next->client != nullptr && !next->hidden) next->client->told = shape;
  if (next->prepared == nullptr) return;
  if (next->unnamed) {
    connection_->unnamed_shape = shape;
  } else {
    connection_->prepared.SetShape(next->prepared->id, shape);
  }
}

void Exchange::HandlePrepared(const sql::Statement& statement,
                              const Expected& expected) {
  // In a pipeline the connection's list has changed when it was sent.
  const Translation* translation = expected.translation.get();
  const bool own_names = translation != nullptr && translation->own_names;
  bool simple = expected.what == What::kQuery && !own_names;
  bool drops_all =
      statement.discard_all ||
      (statement.kind == sql::Kind::kDeallocate && statement.name.empty());
  if (simple && drops_all) connection_->prepared.Clear();
  if (statement.kind == sql::Kind::kDeallocate && !drops_all && simple) {
    ClientStatementRef known = state_->FindPrepared(statement.name);
    if (known != nullptr) connection_->prepared.Remove(known->prepared->id);
  }
  if (statement.kind == sql::Kind::kPrepare && translation != nullptr &&
      made_ < translation->made.size()) {
    ClientStatementRef made = translation->made[made_++];
    if (simple) connection_->prepared.Add(made->prepared->id);
    state_->Define(made->name, made);
    state_->undescribed.push_back(std::move(made));
  }
}

Exchange::Verdict Exchange::HandleReady(std::string_view body) {
  copying_in_ = false;
  Expected* next = head();
  wire::TransactionStatus status = wire::TransactionStatus::kIdle;
  if (!wire::ParseReadyForQuery(body, &status).ok()) {
    connection_->retired = true;
  }
  connection_->transaction_status = status;
  if (begin_failed_) status = wire::TransactionStatus::kFailed;
  ready_status_ = status;
  if (skipping_) {
    // What was sent after an error has been skipped too.
    SkipToSync();
    skipping_ = false;
    next = head();
  }
  if (next == nullptr) return Verdict::kHide;
  bool hidden =
      (next->hidden && !next->shows_ready) || next->hides_ready || StartsOver();
  if (next->prefix) --connection_->prefix;
  if (!hidden) relayed_ = true;
  if (next->what == What::kFunctionCall) state_->wrote = true;
  Pop();
  if (hidden) return Verdict::kHide;
  Relay(state_->Tell(connection_->parameters));
  if (begin_failed_) {
    std::string ready;
    wire::AppendReadyForQuery(status, &ready);
    Relay(ready);
    return Verdict::kHide;
  }
  if (done() && status == wire::TransactionStatus::kIdle &&
      state_->listening != nullptr &&
      (state_->wrote || state_->listening->has_waiting())) {
    ready_held_ = true;
    relayed_ = true;  // what was held goes out before it
    return Verdict::kHide;
  }
  return Verdict::kRelay;
}

Exchange::Verdict Exchange::HandleNotification(std::string_view body) {
  std::string message = state_->NotificationFrom(*connection_, body);
  if (!message.empty()) {
    client_->Send(message);
    return Verdict::kHide;
  }
  // A probe may find that the session listens here.
  wire::Notification notification;
  if (wire::ParseNotification(body, &notification).ok()) {
    wire::AppendNotification(notification, &connection_->heard);
  }
  return Verdict::kHide;
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
