#include "wire/frontend.h"

#include "wire/bind.h"
#include "wire/reader.h"
#include "wire/writer.h"

namespace pgbraid::wire {
namespace {

Status ParseTarget(std::string_view body, std::string_view verb,
                   TargetMessage* out) {
  MessageReader reader(body);
  const char target = reader.GetByte();
  out->target = static_cast<Target>(target);
  out->name = reader.GetCString();
  PGB_RETURN_IF_ERROR(reader.Finish());
  if (out->target != Target::kStatement && out->target != Target::kPortal) {
    return SqlError(sqlstate::kProtocolViolation,
                    "invalid " + std::string(verb) + " message subtype " +
                        std::to_string(static_cast<unsigned char>(target)));
  }
  return OkStatus();
}

void AppendTarget(char type, Target target, std::string_view name,
                  std::string* out) {
  MessageWriter writer(out);
  writer.Begin(type);
  writer.PutByte(static_cast<char>(target));
  writer.PutCString(name);
  writer.End();
}

void AppendBody(char type, std::string_view body, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(type);
  writer.PutBytes(body);
  writer.End();
}

void AppendText(char type, std::string_view text, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(type);
  writer.PutCString(text);
  writer.End();
}

Status ParseText(std::string_view body, std::string_view* text) {
  MessageReader reader(body);
  *text = reader.GetCString();
  return reader.Finish();
}

}  // namespace

Status ParseQuery(std::string_view body, std::string_view* text) {
  return ParseText(body, text);
}

void AppendQuery(std::string_view text, std::string* out) {
  AppendText(frontend_type::kQuery, text, out);
}

Status ParseParse(std::string_view body, ParseMessage* out) {
  MessageReader reader(body);
  out->name = reader.GetCString();
  out->text = reader.GetCString();
  const size_t count = reader.GetInt16();
  out->types = OidList(reader.GetBytes(4 * count));
  return reader.Finish();
}

void AppendParse(std::string_view name, std::string_view text, OidList types,
                 std::string* out) {
  MessageWriter writer(out);
  writer.Begin(frontend_type::kParse);
  writer.PutCString(name);
  writer.PutCString(text);
  writer.PutInt16(static_cast<uint16_t>(types.size()));
  writer.PutBytes(types.bytes());
  writer.End();
}

void AppendParseHead(std::string_view name, size_t text_bytes,
                     size_t type_count, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(frontend_type::kParse);
  writer.PutCString(name);
  writer.End(text_bytes + 1 + 2 + 4 * type_count);
}

void AppendParseTail(OidList types, std::string* out) {
  MessageWriter writer(out);
  writer.PutByte('\0');
  writer.PutInt16(static_cast<uint16_t>(types.size()));
  writer.PutBytes(types.bytes());
}

Status ParseDescribe(std::string_view body, TargetMessage* out) {
  return ParseTarget(body, "DESCRIBE", out);
}

Status ParseClose(std::string_view body, TargetMessage* out) {
  return ParseTarget(body, "CLOSE", out);
}

void AppendDescribe(Target target, std::string_view name, std::string* out) {
  AppendTarget(frontend_type::kDescribe, target, name, out);
}

void AppendClose(Target target, std::string_view name, std::string* out) {
  AppendTarget(frontend_type::kClose, target, name, out);
}

Status ParseExecute(std::string_view body, ExecuteMessage* out) {
  MessageReader reader(body);
  out->portal = reader.GetCString();
  out->max_rows = static_cast<int32_t>(reader.GetInt32());
  return reader.Finish();
}

void AppendExecute(std::string_view portal, int32_t max_rows,
                   std::string* out) {
  MessageWriter writer(out);
  writer.Begin(frontend_type::kExecute);
  writer.PutCString(portal);
  writer.PutInt32(static_cast<uint32_t>(max_rows));
  writer.End();
}

void AppendRunUnnamed(std::string_view statement, std::string* out) {
  AppendParse("", statement, {}, out);
  const std::string no_values(6, '\0');
  AppendBind("", "", no_values, out);
  AppendExecute("", 0, out);
}

Status ParseEmpty(std::string_view body) {
  return MessageReader(body).Finish();
}

void AppendSync(std::string* out) { AppendBody(frontend_type::kSync, {}, out); }
void AppendFlush(std::string* out) {
  AppendBody(frontend_type::kFlush, {}, out);
}
void AppendTerminate(std::string* out) {
  AppendBody(frontend_type::kTerminate, {}, out);
}
void AppendCopyDone(std::string* out) {
  AppendBody(frontend_type::kCopyDone, {}, out);
}
void AppendCopyData(std::string_view data, std::string* out) {
  AppendBody(frontend_type::kCopyData, data, out);
}

Status ParseCopyFail(std::string_view body, std::string_view* reason) {
  return ParseText(body, reason);
}

void AppendCopyFail(std::string_view reason, std::string* out) {
  AppendText(frontend_type::kCopyFail, reason, out);
}

Status ParsePassword(std::string_view body, std::string_view* password) {
  if (!ParseText(body, password).ok()) {
    return SqlError(sqlstate::kProtocolViolation,
                    "invalid password packet size");
  }
  return OkStatus();
}

void AppendPassword(std::string_view password, std::string* out) {
  AppendText(frontend_type::kPassword, password, out);
}

Status ParseSaslInitialResponse(std::string_view body,
                                SaslInitialResponse* out) {
  MessageReader reader(body);
  out->mechanism = reader.GetCString();
  out->data.reset();
  const uint32_t size = reader.GetInt32();
  if (size != UINT32_MAX) out->data = reader.GetBytes(size);
  return reader.Finish();
}

void AppendSaslInitialResponse(std::string_view mechanism,
                               std::string_view data, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(frontend_type::kPassword);
  writer.PutCString(mechanism);
  writer.PutInt32(static_cast<uint32_t>(data.size()));
  writer.PutBytes(data);
  writer.End();
}

void AppendSaslResponse(std::string_view data, std::string* out) {
  AppendBody(frontend_type::kPassword, data, out);
}

}  // namespace pgbraid::wire
