// FunctionCall, the protocol's old way to call a function by its OID. Its
// arguments decide nothing, so that it is passed on while it arrives.

#include <utility>

#include "router/session.h"
#include "wire/frame.h"

namespace pgbraid::router {

Status Session::NoFunctionCalls() {
  return SqlError(sqlstate::kFeatureNotSupported,
                  "function calls by the protocol are not supported over "
                  "several shards");
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
