#include "wire/startup.h"

#include "wire/backend.h"
#include "wire/reader.h"
#include "wire/writer.h"

namespace pgbraid::wire {
namespace {

constexpr std::string_view kProtocolOptionPrefix = "_pq_.";

Status UnsupportedVersion(uint32_t version) {
  return SqlError(sqlstate::kFeatureNotSupported,
                  "unsupported frontend protocol " +
                      std::to_string(ProtocolMajor(version)) + "." +
                      std::to_string(ProtocolMinor(version)) +
                      ": server supports 3.0 to 3.0");
}

// The value is `word`, or so much of it that it can be nothing else.
bool Spells(std::string_view value, std::string_view word, size_t least) {
  if (value.size() < least || value.size() > word.size()) return false;
  for (size_t i = 0; i < value.size(); ++i) {
    if ((value[i] | 0x20) != word[i]) return false;
  }
  return true;
}

}  // namespace

StartupKind StartupKindOf(std::string_view body) {
  switch (MessageReader(body).GetInt32()) {
    case kCancelRequestCode:
      return StartupKind::kCancelRequest;
    case kSslRequestCode:
      return StartupKind::kSslRequest;
    case kGssEncRequestCode:
      return StartupKind::kGssEncRequest;
    default:
      return StartupKind::kStartup;
  }
}

std::string_view StartupPacket::Find(std::string_view name) const {
  for (size_t i = parameters.size(); i > 0; --i) {
    if (parameters[i - 1].first == name) return parameters[i - 1].second;
  }
  return {};
}

std::string_view StartupPacket::database() const {
  const std::string_view name = Find("database");
  return name.empty() ? user() : name;
}

Status ParseStartup(std::string_view body, StartupPacket* packet) {
  packet->parameters.clear();
  packet->protocol_options.clear();
  MessageReader reader(body);
  packet->version = reader.GetInt32();
  if (reader.ok() && ProtocolMajor(packet->version) != 3) {
    return UnsupportedVersion(packet->version);
  }
  std::string_view name = reader.GetCString();
  while (reader.ok() && !name.empty()) {
    const std::string_view value = reader.GetCString();
    if (name.starts_with(kProtocolOptionPrefix)) {
      packet->protocol_options.emplace_back(name, value);
    } else {
      packet->parameters.emplace_back(name, value);
    }
    name = reader.GetCString();
  }
  if (!reader.Finish().ok()) {
    return SqlError(
        sqlstate::kProtocolViolation,
        "invalid startup packet layout: expected terminator as last byte");
  }
  if (packet->user().empty()) {
    return SqlError(sqlstate::kInvalidAuthorization,
                    "no PostgreSQL user name specified in startup packet");
  }
  return OkStatus();
}

StatusOr<Replication> ReplicationOf(const StartupPacket& packet) {
  const std::string_view value = packet.Find("replication");
  if (value == "database") return Replication::kLogical;
  if (value == "1" || Spells(value, "true", 1) || Spells(value, "yes", 1) ||
      Spells(value, "on", 2)) {
    return Replication::kPhysical;
  }
  if (value == "0" || Spells(value, "false", 1) || Spells(value, "no", 1) ||
      Spells(value, "off", 2)) {
    return Replication::kNone;
  }
  for (const auto& [name, given] : packet.parameters) {
    if (name != "replication") continue;
    return SqlError(sqlstate::kInvalidParameterValue,
                    "invalid value for parameter \"replication\": \"" +
                        std::string(value) + "\"",
                    {},
                    "Valid values are: \"false\", 0, \"true\", 1, "
                    "\"database\".");
  }
  return Replication::kNone;
}

void AppendNegotiation(const StartupPacket& packet, std::string* out) {
  NegotiateProtocolVersion message;
  for (const StartupParameter& option : packet.protocol_options) {
    message.options.push_back(option.first);
  }
  AppendNegotiateProtocolVersion(message, out);
}

Status ParseCancelRequest(std::string_view body, CancelRequest* request) {
  MessageReader reader(body);
  reader.GetInt32();
  request->process = reader.GetInt32();
  request->key = reader.GetRest();
  if (!reader.ok() || request->key.size() < kMinCancelKeyBytes ||
      request->key.size() > kMaxCancelKeyBytes) {
    return SqlError(sqlstate::kProtocolViolation,
                    "invalid length of cancel request");
  }
  return OkStatus();
}

void AppendStartup(std::span<const StartupParameter> parameters,
                   std::string* out) {
  MessageWriter writer(out);
  writer.BeginStartup();
  writer.PutInt32(kProtocol30);
  for (const auto& [name, value] : parameters) {
    writer.PutCString(name);
    writer.PutCString(value);
  }
  writer.PutByte('\0');
  writer.End();
}

void AppendCancelRequest(const CancelRequest& request, std::string* out) {
  MessageWriter writer(out);
  writer.BeginStartup();
  writer.PutInt32(kCancelRequestCode);
  writer.PutInt32(request.process);
  writer.PutBytes(request.key);
  writer.End();
}

void AppendSslRequest(std::string* out) {
  MessageWriter writer(out);
  writer.BeginStartup();
  writer.PutInt32(kSslRequestCode);
  writer.End();
}

}  // namespace pgbraid::wire
