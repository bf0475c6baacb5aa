#include "pool/silent_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace pgbraid::pool {
namespace {

// Answers one packet of the start of a session: N to a request for encryption,
// AuthenticationOk, ParameterStatus, BackendKeyData and ReadyForQuery to a
// startup packet. False if the client is gone.
bool AnswerStart(int socket) {
  char packet[8192];
  const ssize_t size = recv(socket, packet, sizeof packet, 0);
  if (size <= 0) return false;
  if (size < 8) return true;
  std::string answer = "N";
  if (packet[4] == 0 && packet[5] == 3) {
    answer = std::string("R\0\0\0\10\0\0\0\0", 9);
    answer += std::string("S\0\0\0\030server_version\00015.0\0", 25);
    answer += std::string("K\0\0\0\14\0\0\0\1\0\0\0\2", 13);
    answer += std::string("Z\0\0\0\5I", 6);
  } else if (size > 8) {
    return true;  // a query, or part of one
  }
  return send(socket, answer.data(), answer.size(), MSG_NOSIGNAL) > 0;
}

}  // namespace

SilentServer::SilentServer(Mode mode) : mode_(mode) {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  stop_ = eventfd(0, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, any, length) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, any, &length) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

SilentServer::~SilentServer() {
  eventfd_write(stop_, 1);
  thread_.join();
  close(listener_);
  close(stop_);
}

void SilentServer::Run() {
  std::vector<pollfd> waited = {{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
  while (poll(waited.data(), waited.size(), -1) >= 0) {
    if (waited[0].revents != 0) break;
    for (size_t i = 2; i < waited.size(); ++i) {
      if ((waited[i].revents & POLLIN) && !AnswerStart(waited[i].fd)) {
        close(waited[i].fd);
        waited[i].fd = -1;  // poll() passes over it
      }
    }
    if (waited[1].revents != 0) {
      const int client = accept(listener_, nullptr, nullptr);
      const bool listens = mode_ == Mode::kTakesQueries;
      waited.push_back({client, static_cast<short>(listens ? POLLIN : 0), 0});
    }
  }
  for (size_t i = 2; i < waited.size(); ++i) {
    if (waited[i].fd >= 0) close(waited[i].fd);
  }
}

}  // namespace pgbraid::pool
