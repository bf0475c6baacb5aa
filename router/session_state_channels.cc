// What a session listens to, and which notifications of its own connection it
// hears.

#include <memory>

#include "router/session_state.h"
#include "wire/backend.h"

namespace pgbraid::router {

bool SessionState::ReadsServerEncoding() const {
  auto value = [&](std::string_view name) -> std::string_view {
    auto found = told->find(std::string(name));
    return found == told->end() ? std::string_view() : found->second;
  };
  if (told == nullptr) return false;
  std::string_view server = value("server_encoding");
  std::string_view client = value("client_encoding");
  return client == server || client == "SQL_ASCII" || server == "SQL_ASCII";
}

bool SessionState::HearsOnConnection(std::string_view channel) const {
  if ((pins & kPinSessionPooling) != 0) return true;
  if ((pins & PinBit(sql::Pin::kListen)) == 0) return false;
  return listening == nullptr || !listening->channels.Contains(channel);
}

std::string SessionState::NotificationFrom(
    const pool::ServerConnection& connection, std::string_view body) const {
  std::string message;
  wire::Notification notification;
  if (!wire::ParseNotification(body, &notification).ok() ||
      !HearsOnConnection(notification.channel)) {
    return message;
  }
  if (notification.process == connection.process_id) {
    notification.process = process;
  }
  wire::AppendNotification(notification, &message);
  return message;
}

void SessionState::ChangeChannels(const sql::Statement& statement,
                                  pool::ServerConnection* connection) {
  if (statement.kind == sql::Kind::kListen) {
    if (!shares_listener()) {
      pins |= PinBit(sql::Pin::kListen);
      return;
    }
    if (listening == nullptr) listening = std::make_unique<Listening>();
    listening->channels.Listen(statement.name);
    if (connection != nullptr) {
      connection->listens.push_back(statement.name);
    }
    return;
  }
  if (listening == nullptr) return;
  if (statement.name.empty()) {
    listening->channels.UnlistenAll();
  } else {
    listening->channels.Unlisten(statement.name);
  }
}

}  // namespace pgbraid::router
