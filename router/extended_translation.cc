// How a segment's statements become those of the server connection at hand:
// under global names, prepared there first where they are not yet.

#include <utility>

#include "router/extended_segment.h"
#include "wire/backend.h"

namespace pgbraid::router {
namespace {

namespace type = wire::frontend_type;
using What = Expected::What;

std::string ParseComplete() {
  std::string message;
  wire::AppendEmpty(wire::backend_type::kParseComplete, &message);
  return message;
}

}  // namespace

void ExtendedSegment::SendParse(const PreparedRef& prepared,
                                const std::string& name) {
  pool::ServerConnection* connection = s_->held_.lease.get();
  Expected expected;
  expected.prepared = prepared;
  expected.name = name;
  expected.defines = !name.empty();
  if (name.empty()) {
    expected.what = What::kParse;
    wire::AppendParse("", prepared->text, prepared->type_list(), &out_);
    connection->unnamed_statement = prepared->id;
    exchange_.Expect(std::move(expected));
    return;
  }
  if (connection->prepared.Use(prepared->id)) {
    expected.what = What::kSynthetic;
    expected.bytes = ParseComplete();
    exchange_.Expect(std::move(expected));
    return;
  }
  expected.what = What::kParse;
  wire::AppendParse(prepared->server_name, prepared->text,
                    prepared->type_list(), &out_);
  connection->prepared.Add(prepared->id);
  exchange_.Expect(std::move(expected));
}

void ExtendedSegment::EnsurePrepared(const PreparedRef& prepared) {
  pool::ServerConnection* connection = s_->held_.lease.get();
  if (connection->prepared.Use(prepared->id)) return;
  size_t limit = static_cast<size_t>(s_->worker_->options().max_prepared);
  if (auto evicted = connection->prepared.Evict(limit - 1)) {
    wire::AppendClose(wire::Target::kStatement,
                      "pgbraid_" + std::to_string(*evicted), &out_);
    Expected closed;
    closed.what = What::kClose;
    closed.hidden = true;
    exchange_.Expect(std::move(closed));
  }
  wire::AppendParse(prepared->server_name, prepared->text,
                    prepared->type_list(), &out_);
  connection->prepared.Add(prepared->id);
  Expected expected;
  expected.what = What::kParse;
  expected.hidden = true;
  expected.prepared = prepared;
  exchange_.Expect(std::move(expected));
}

void ExtendedSegment::RunHidden(std::string_view sql) {
  wire::AppendParse("", sql, {}, &out_);
  wire::AppendBind("", "", std::string_view("\0\0\0\0\0\0", 6), &out_);
  wire::AppendExecute("", 0, &out_);
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
    if (waiting.type == type::kParse) {
      SendParse(waiting.prepared, waiting.name);
      continue;
    }
    // Describe of a statement.
    Expected expected;
    expected.what = What::kDescribeStatement;
    expected.prepared = waiting.prepared;
    if (waiting.name.empty() &&
        s_->held_->unnamed_statement == waiting.prepared->id) {
      wire::AppendDescribe(wire::Target::kStatement, "", &out_);
    } else {
      EnsurePrepared(waiting.prepared);
      wire::AppendDescribe(wire::Target::kStatement,
                           waiting.prepared->server_name, &out_);
    }
    exchange_.Expect(std::move(expected));
  }
  waiting_.clear();
}

}  // namespace pgbraid::router
