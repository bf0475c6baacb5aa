#include "wire/backend.h"

#include "wire/reader.h"
#include "wire/writer.h"

namespace pgbraid::wire {
namespace {

Status InvalidFormat() {
  return SqlError(sqlstate::kProtocolViolation, "invalid message format");
}

// Calls visit(name) for each mechanism until it returns true; tells whether one
// did. An unterminated list leaves its error in `reader`.
template <class Visitor>
bool AnyMechanism(MessageReader* reader, Visitor visit) {
  while (true) {
    const std::string_view name = reader->GetCString();
    if (name.empty()) return false;
    if (visit(name)) return true;
  }
}

}  // namespace

Status ParseAuthentication(std::string_view body, Authentication* out) {
  MessageReader reader(body);
  out->code = static_cast<AuthenticationCode>(reader.GetInt32());
  out->data = reader.GetRest();
  PGB_RETURN_IF_ERROR(reader.Finish());
  switch (out->code) {
    case AuthenticationCode::kOk:
    case AuthenticationCode::kCleartextPassword:
      return out->data.empty() ? OkStatus() : InvalidFormat();
    case AuthenticationCode::kMd5Password:
      return out->data.size() == 4 ? OkStatus() : InvalidFormat();
    case AuthenticationCode::kSasl: {
      MessageReader list(out->data);
      AnyMechanism(&list, [](std::string_view) { return false; });
      return list.Finish();
    }
    default:
      return OkStatus();
  }
}

void AppendAuthentication(AuthenticationCode code, std::string_view data,
                          std::string* out) {
  MessageWriter writer(out);
  writer.Begin(backend_type::kAuthentication);
  writer.PutInt32(static_cast<uint32_t>(code));
  writer.PutBytes(data);
  writer.End();
}

void AppendAuthenticationOk(std::string* out) {
  AppendAuthentication(AuthenticationCode::kOk, {}, out);
}

void AppendAuthenticationSasl(std::span<const std::string_view> mechanisms,
                              std::string* out) {
  MessageWriter writer(out);
  writer.Begin(backend_type::kAuthentication);
  writer.PutInt32(static_cast<uint32_t>(AuthenticationCode::kSasl));
  for (const std::string_view mechanism : mechanisms) {
    writer.PutCString(mechanism);
  }
  writer.PutByte('\0');
  writer.End();
}

bool OffersMechanism(std::string_view data, std::string_view mechanism) {
  MessageReader reader(data);
  return AnyMechanism(&reader,
                      [&](std::string_view name) { return name == mechanism; });
}

Status ParseParameterStatus(std::string_view body, ParameterStatus* out) {
  MessageReader reader(body);
  out->name = reader.GetCString();
  out->value = reader.GetCString();
  return reader.Finish();
}

void AppendParameterStatus(std::string_view name, std::string_view value,
                           std::string* out) {
  MessageWriter writer(out);
  writer.Begin(backend_type::kParameterStatus);
  writer.PutCString(name);
  writer.PutCString(value);
  writer.End();
}

Status ParseBackendKeyData(std::string_view body, BackendKeyData* out) {
  MessageReader reader(body);
  out->process = reader.GetInt32();
  out->key = reader.GetRest();
  PGB_RETURN_IF_ERROR(reader.Finish());
  if (out->key.size() < kMinCancelKeyBytes ||
      out->key.size() > kMaxCancelKeyBytes) {
    return InvalidFormat();
  }
  return OkStatus();
}

void AppendBackendKeyData(const BackendKeyData& data, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(backend_type::kBackendKeyData);
  writer.PutInt32(data.process);
  writer.PutBytes(data.key);
  writer.End();
}

Status ParseReadyForQuery(std::string_view body, TransactionStatus* status) {
  if (body.size() != 1) return InvalidFormat();
  *status = static_cast<TransactionStatus>(body[0]);
  switch (*status) {
    case TransactionStatus::kIdle:
    case TransactionStatus::kInTransaction:
    case TransactionStatus::kFailed:
      return OkStatus();
  }
  return InvalidFormat();
}

void AppendReadyForQuery(TransactionStatus status, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(backend_type::kReadyForQuery);
  writer.PutByte(static_cast<char>(status));
  writer.End();
}

Status ParseCommandComplete(std::string_view body, std::string_view* tag) {
  MessageReader reader(body);
  *tag = reader.GetCString();
  return reader.Finish();
}

void AppendCommandComplete(std::string_view tag, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(backend_type::kCommandComplete);
  writer.PutCString(tag);
  writer.End();
}

Status ParseNegotiateProtocolVersion(std::string_view body,
                                     NegotiateProtocolVersion* out) {
  MessageReader reader(body);
  out->options.clear();
  out->version = reader.GetInt32();
  const uint32_t count = reader.GetInt32();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    out->options.push_back(reader.GetCString());
  }
  return reader.Finish();
}

void AppendNegotiateProtocolVersion(const NegotiateProtocolVersion& message,
                                    std::string* out) {
  MessageWriter writer(out);
  writer.Begin(backend_type::kNegotiateProtocolVersion);
  writer.PutInt32(message.version);
  writer.PutInt32(static_cast<uint32_t>(message.options.size()));
  for (const std::string_view option : message.options) {
    writer.PutCString(option);
  }
  writer.End();
}

Status ParseNotification(std::string_view body, Notification* out) {
  MessageReader reader(body);
  out->process = reader.GetInt32();
  out->channel = reader.GetCString();
  out->payload = reader.GetCString();
  return reader.Finish();
}

void AppendNotification(const Notification& notification, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(backend_type::kNotificationResponse);
  writer.PutInt32(notification.process);
  writer.PutCString(notification.channel);
  writer.PutCString(notification.payload);
  writer.End();
}

Status ParseCopyResponse(std::string_view body, CopyResponse* out) {
  MessageReader reader(body);
  out->format = static_cast<int8_t>(reader.GetByte());
  const size_t count = reader.GetInt16();
  out->columns = FormatList(reader.GetBytes(2 * count));
  return reader.Finish();
}

void AppendCopyResponse(char type, const CopyResponse& response,
                        std::string* out) {
  MessageWriter writer(out);
  writer.Begin(type);
  writer.PutByte(static_cast<char>(response.format));
  writer.PutInt16(static_cast<uint16_t>(response.columns.size()));
  writer.PutBytes(response.columns.bytes());
  writer.End();
}

Status ParseParameterDescription(std::string_view body, OidList* types) {
  MessageReader reader(body);
  const size_t count = reader.GetInt16();
  *types = OidList(reader.GetBytes(4 * count));
  return reader.Finish();
}

void AppendParameterDescription(std::span<const Oid> types, std::string* out) {
  PGB_CHECK(types.size() <= UINT16_MAX);
  MessageWriter writer(out);
  writer.Begin(backend_type::kParameterDescription);
  writer.PutInt16(static_cast<uint16_t>(types.size()));
  for (const Oid type : types) writer.PutInt32(type);
  writer.End();
}

void AppendEmpty(char type, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(type);
  writer.End();
}

}  // namespace pgbraid::wire
