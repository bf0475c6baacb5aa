#include "pool/cancel.h"

#include <string>
#include <utility>

#include "wire/startup.h"

namespace pgbraid::pool {
namespace {

constexpr Duration kCancelTimeout = std::chrono::seconds(2);

// Sends the request and waits until the server has closed the socket, which it
// does after it has signalled the process.
net::Task<void> SendCancel(net::Reactor* reactor, net::Address address,
                           uint32_t process, std::string key,
                           std::unique_ptr<ServerConnection> keep) {
  TimePoint deadline = reactor->now() + kCancelTimeout;
  auto stream = co_await net::Connect(reactor, std::move(address), deadline);
  if (stream.ok()) {
    net::Waiter waiter(reactor);
    (*stream)->Attach(&waiter);
    std::string packet;
    wire::AppendCancelRequest({process, key}, &packet);
    (*stream)->Send(packet);
    for (bool waiting = true; waiting;) {
      net::Stream::State state = (*stream)->Receive().state;
      if (state == net::Stream::State::kEof ||
          state == net::Stream::State::kBroken) {
        break;
      }
      if (state == net::Stream::State::kPending) {
        waiting = co_await waiter.Wait(deadline);
      }
    }
    (*stream)->Attach(nullptr);
  }
  // The socket of the cancelled connection is closed only now: its server
  // notices the signal first.
  keep.reset();
}

}  // namespace

void CancelRunning(net::Reactor* reactor, ServerConnection* connection) {
  connection->retired = true;
  reactor->Spawn(SendCancel(reactor, connection->address(),
                            connection->process_id, connection->cancel_key,
                            nullptr));
}

void CancelAndClose(net::Reactor* reactor,
                    std::unique_ptr<ServerConnection> connection) {
  if (!connection->busy || connection->stream->broken()) return;
  connection->stream->Attach(nullptr);
  ServerConnection* running = connection.get();
  reactor->Spawn(SendCancel(reactor, running->address(), running->process_id,
                            running->cancel_key, std::move(connection)));
}

}  // namespace pgbraid::pool
