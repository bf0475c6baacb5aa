// FunctionCall, the protocol's old way to call a function by its OID. Its
// arguments decide nothing, so that it is passed on while it arrives.

#include <utility>

#include "router/session.h"
#include "sql/catalog.h"
#include "sql/code.h"
#include "wire/frame.h"

namespace pgbraid::router {

Status Session::NoFunctionCalls() {
  return SqlError(sqlstate::kFeatureNotSupported,
                  "function calls by the protocol are not supported over "
                  "several shards");
}

void Session::SuspectCalled(std::string_view message) {
  constexpr sql::Oid kSetConfig = 2078;
  const RoutingSnapshotRef& snapshot = *state_->identity->snapshot;
  const sql::Catalog* catalog =
      snapshot == nullptr ? nullptr : snapshot->catalogs[0].get();
  sql::Oid oid = 0;
  for (size_t i = 0; i < 4; ++i) {
    const size_t place = wire::kFrameHeaderBytes + i;
    if (place >= message.size() || catalog == nullptr) {
      state_->SuspectAny();
      return;
    }
    oid = oid << 8 | static_cast<unsigned char>(message[place]);
  }
  const sql::Function* function = catalog->FindFunction(oid);
  const bool built_in = oid < sql::kFirstUserOid;
  if (oid == kSetConfig || (function == nullptr && !built_in) ||
      (function != nullptr && sql::RunsText(function->name))) {
    state_->SuspectAny();
  } else if (!built_in) {
    sql::Code code;
    code.words.push_back(sql::CodeWord(function->name));
    state_->SuspectCode(std::make_shared<const sql::Code>(std::move(code)));
  }
}

net::Task<void> Session::RunFunctionCall() {
  Status status;
  if (worker_->map().shard_count() > 1) {
    status = NoFunctionCalls();
  } else if (deferred() && state_->transaction()->failed) {
    status = InFailedTransaction();
  } else {
    status = co_await Acquire(0, pool::Consistency::kStrong);
  }
  wire::FrameHeader header;
  wire::PeekHeader(client_.input(), wire::kFrontendLimits, &header);
  if (!status.ok()) {
    large_.Start(header.total, nullptr);
    co_await RefuseQuery(std::move(status));
    co_return;
  }
  state_->BeginSegment();
  Exchange exchange(&client_, state_.get(), held_.lease.get());
  std::string prefix;
  AppendDeferred(&prefix, &exchange);
  Plan plan;
  plan.advances_sequence = true;  // it may be nextval()
  AppendSequenceTurn(plan, &prefix, &exchange);
  Expected expected;
  expected.what = Expected::What::kFunctionCall;
  exchange.Expect(std::move(expected));
  held_->busy = true;
  held_->tainted = true;
  SuspectCalled(client_.input());
  held_->stream->Send(prefix);
  large_.Start(header.total, held_->stream.get());
  if (interrupt_.raised()) CancelOnServers();
  bool finished = co_await Relay(&exchange);
  if (!finished) co_return;
  if (!exchange.done()) {
    bool lives = ReportLoss(exchange);
    if (lives) client_.SendReady(wire::TransactionStatus::kIdle);
    co_return;
  }
  co_await EndSegment(&exchange);
}

}  // namespace pgbraid::router
