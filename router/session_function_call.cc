// FunctionCall, the protocol's old way to call a function by its OID.

#include <utility>

#include "router/session.h"
#include "wire/frame.h"

namespace pgbraid::router {

net::Task<void> Session::RunFunctionCall() {
  wire::Frame frame;
  wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
  if (worker_->map().shard_count() > 1) {
    client_.Consume(frame.bytes.size());
    RefuseSegment(SqlError(sqlstate::kFeatureNotSupported,
                           "function calls by the protocol are not supported "
                           "over several shards"));
    co_return;
  }
  Status acquired = co_await Acquire(0, pool::Consistency::kStrong);
  wire::NextFrame(client_.input(), wire::kFrontendLimits, &frame);
  if (!acquired.ok()) {
    client_.Consume(frame.bytes.size());
    RefuseSegment(acquired);
    co_return;
  }
  state_->BeginSegment();
  Exchange exchange(&client_, state_.get(), held_.lease.get());
  std::string prefix;
  AppendDeferred(&prefix, &exchange);
  Expected expected;
  expected.what = Expected::What::kFunctionCall;
  exchange.Expect(std::move(expected));
  held_->busy = true;
  held_->tainted = true;
  held_->stream->Send(prefix, frame.bytes);
  client_.Consume(frame.bytes.size());
  if (interrupt_.raised()) CancelOnServers();
  bool finished = co_await Relay(&exchange);
  if (!finished) {
    closing_ = true;
    co_return;
  }
  if (!exchange.done()) {
    ReportLoss(exchange);
    co_return;
  }
  co_await EndSegment(&exchange);
}

}  // namespace pgbraid::router
