// What an exchange does about a server's errors.

#include <algorithm>
#include <charconv>
#include <utility>

#include "router/exchange.h"
#include "wire/backend.h"
#include "wire/error_response.h"
#include "wire/writer.h"

namespace pgbraid::router {
namespace {

using What = Expected::What;
namespace type = wire::backend_type;

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

bool NeedsToBePreparedAgain(const wire::ErrorIdentity& error) {
  return error.sqlstate == sqlstate::kFeatureNotSupported &&
         error.routine == "RevalidateCachedQuery";
}

void Exchange::SkipToSync() {
  size_t end = head_;
  while (end < expected_.size() && expected_[end].what != What::kSync &&
         expected_[end].what != What::kQuery &&
         expected_[end].what != What::kFunctionCall) {
    ++end;
  }
  // Backwards, since one may have made room for the next.
  for (size_t i = end; i-- > head_;) Undo(expected_[i]);
  for (size_t count = end - head_; count > 0; --count) Pop();
}

void Exchange::SkipTransaction() {
  begin_failed_ = true;
  Expected sync;
  sync.what = What::kSync;
  while (head() != nullptr && head()->what != What::kSync) {
    SkipToSync();
    const Expected* next = head();
    if (next == nullptr || next->what == What::kSync) break;
    if (next->prefix) {
      --connection_->prefix;
    } else {
      owes_sync_ = true;
    }
    Pop();
  }
  if (owes_sync_) Expect(std::move(sync));
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
  bool one_message =
      next->what != What::kQuery && next->what != What::kFunctionCall;
  skipping_ = one_message && next->what != What::kSync;
  if (next->what == What::kRefusal) {
    failed_ = true;
    Tell(next->bytes);
    SkipToSync();
    return Verdict::kHide;
  }
  if (!replacement_.empty() && !next->hidden) {
    failed_ = true;
    Tell(replacement_);
    return Verdict::kHide;
  }
  wire::ErrorIdentity identity = wire::IdentifyError(body);
  bool standby_cannot = StandbyCannot(identity);
  if (standby_cannot && connection_->in_recovery_at_login) {
    standby_error_ = std::string(identity.sqlstate) + " ";
    standby_error_ += identity.routine;
  }
  if (!relayed_) {
    wants_primary_ |= may_retry_ && standby_cannot;
    wants_to_prepare_again_ |=
        may_prepare_again_ && NeedsToBePreparedAgain(identity);
    if (StartsOver()) {
      held_.clear();
      SkipToSync();
      return Verdict::kHide;
    }
  }
  if (next->what == What::kParse && !next->hidden && next->client != nullptr &&
      next->client->name.empty()) {
    state_->unnamed = nullptr;
  }
  if (const sql::Statement* running = Running(*next)) {
    state_->Failed(*running, connection_);
  }
  failed_ = true;
  relayed_ = true;
  // The error of a message that the router added is the client's to see: it
  // stands for what the client asked.
  if (next->hidden && next->what == What::kQuery) {
    // Settings that it was to make are not made.
    connection_->environment = nullptr;
  }
  std::string own = silent_ ? std::string() : OwnError(*next, body);
  if (!own.empty()) Relay(own);
  if (next->begins) {
    SkipTransaction();
  } else if (one_message) {
    SkipToSync();
  }
  return own.empty() && !silent_ ? Verdict::kRelay : Verdict::kHide;
}

std::string Exchange::OwnError(const Expected& expected,
                               std::string_view body) const {
  const std::string moved = AtClientsPosition(expected, body);
  if (!moved.empty()) body = moved;
  if (expected.translation != nullptr) {
    return CorrectedError(body, expected.translation->edits);
  }
  if (expected.client != nullptr && expected.prepared != nullptr) {
    NameEdits edits;
    edits.names.emplace_back(expected.prepared->server_name,
                             expected.client->name);
    // The server had the statement inside of a PREPARE alone.
    if (expected.what == What::kParse) {
      edits.offset = expected.client->inner_offset;
    }
    return CorrectedError(body, edits);
  }
  return expected.hidden || !moved.empty() ? ErrorMessage(body) : std::string();
}

}  // namespace pgbraid::router
