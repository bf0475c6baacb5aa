#include "pool/canceller.h"

#include <algorithm>
#include <iterator>

#include "net/connect.h"
#include "net/stream.h"
#include "wire/startup.h"

namespace pgbraid::pool {
namespace {

// For one request: connecting, and the end of its socket.
constexpr Duration kCancelTimeout = std::chrono::seconds(2);

}  // namespace

Canceller::Requests::iterator Canceller::Find(
    Requests* requests, const ServerConnection* connection) {
  return std::find_if(
      requests->begin(), requests->end(),
      [&](const Request& request) { return request.connection == connection; });
}

void Canceller::Cancel(ServerConnection* connection) {
  if (connection->cancel != CancelProgress::kNone) return;
  connection->cancel = CancelProgress::kQueued;
  queued_.push_back(Request{connection, nullptr});
  if (sockets_ >= kMaxSockets) return;
  ++sockets_;
  reactor_->Spawn(Work());
}

void Canceller::Withdraw(ServerConnection* connection) {
  if (connection->cancel != CancelProgress::kQueued) return;
  queued_.erase(Find(&queued_, connection));
  connection->cancel = CancelProgress::kNone;
}

net::Task<void> Canceller::AwaitEnd(ServerConnection* connection) {
  Withdraw(connection);
  if (connection->cancel == CancelProgress::kNone) co_return;
  net::Waiter waiter(reactor_);
  connection->cancel_waiter = &waiter;
  while (connection->cancel != CancelProgress::kNone) co_await waiter.Wait();
  connection->cancel_waiter = nullptr;
}

void Canceller::Close(std::unique_ptr<ServerConnection> connection) {
  ServerConnection* running = connection.get();
  if (!running->busy) {
    Withdraw(running);
    if (running->cancel == CancelProgress::kSent) {
      Find(&sent_, running)->connection = nullptr;
    }
    return;
  }
  if (!running->stream->broken()) {
    running->stream->Attach(nullptr);
    Cancel(running);
  }
  if (running->cancel == CancelProgress::kNone) return;
  Requests* requests =
      running->cancel == CancelProgress::kQueued ? &queued_ : &sent_;
  Find(requests, running)->owned = std::move(connection);
}

net::Task<void> Canceller::Work() {
  while (!queued_.empty()) {
    sent_.splice(sent_.end(), queued_, queued_.begin());
    auto request = std::prev(sent_.end());
    request->connection->cancel = CancelProgress::kSent;
    std::string packet;
    wire::AppendCancelRequest(
        {request->connection->process_id, request->connection->cancel_key},
        &packet);
    bool ended = co_await Send(std::move(packet));
    ServerConnection* connection = request->connection;
    if (connection != nullptr) {
      if (!ended) connection->retired = true;
      connection->cancel = CancelProgress::kNone;
      if (connection->cancel_waiter != nullptr) {
        connection->cancel_waiter->Notify();
      }
    }
    // Where it is to be closed, its server has noticed the signal first.
    sent_.erase(request);
  }
  --sockets_;
}

net::Task<bool> Canceller::Send(std::string packet) {
  TimePoint deadline = reactor_->clock()->Now() + kCancelTimeout;
  auto stream = co_await net::Connect(reactor_, address_, deadline);
  // Nothing was sent.
  if (!stream.ok()) co_return true;
  net::Waiter waiter(reactor_);
  (*stream)->Attach(&waiter);
  (*stream)->Send(packet);
  net::Stream::State state = net::Stream::State::kPending;
  for (bool in_time = true; in_time;) {
    state = (*stream)->Receive().state;
    if (state == net::Stream::State::kEof ||
        state == net::Stream::State::kBroken) {
      break;
    }
    if (state == net::Stream::State::kPending) {
      in_time = co_await waiter.Wait(deadline);
    }
  }
  (*stream)->Attach(nullptr);
  co_return state == net::Stream::State::kEof;
}

}  // namespace pgbraid::pool
