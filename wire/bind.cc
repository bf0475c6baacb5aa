#include "wire/bind.h"

#include "wire/reader.h"
#include "wire/writer.h"

namespace pgbraid::wire {

Status ParseBind(std::string_view body, BindMessage* out) {
  MessageReader reader(body);
  out->portal = reader.GetCString();
  out->statement = reader.GetCString();
  out->rest = reader.rest();
  const size_t format_count = reader.GetInt16();
  out->formats = FormatList(reader.GetBytes(2 * format_count));
  ReadValues(&reader, &out->values);
  out->value_count = out->values.size();
  const size_t result_format_count = reader.GetInt16();
  out->result_formats = FormatList(reader.GetBytes(2 * result_format_count));
  PGB_RETURN_IF_ERROR(reader.Finish());
  if (format_count > 1 && format_count != out->values.size()) {
    return SqlError(sqlstate::kProtocolViolation,
                    "bind message has " + std::to_string(format_count) +
                        " parameter formats but " +
                        std::to_string(out->values.size()) + " parameters");
  }
  return OkStatus();
}

bool ParseBindPrefix(std::string_view prefix, BindMessage* out) {
  MessageReader reader(prefix);
  out->portal = reader.GetCString();
  out->statement = reader.GetCString();
  out->rest = reader.rest();
  const size_t format_count = reader.GetInt16();
  out->formats = FormatList(reader.GetBytes(2 * format_count));
  out->value_count = reader.GetInt16();
  if (!reader.ok()) return false;
  out->values.clear();
  while (out->values.size() < out->value_count) {
    const uint32_t size = reader.GetInt32();
    Value value;
    if (size != UINT32_MAX) value = reader.GetBytes(size);
    if (!reader.ok()) break;
    out->values.push_back(value);
  }
  return true;
}

void AppendBind(std::string_view portal, std::string_view statement,
                std::string_view rest, std::string* out) {
  AppendBindHead(portal, statement, rest.size(), out);
  out->append(rest);
}

void AppendBindHead(std::string_view portal, std::string_view statement,
                    size_t rest_bytes, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(frontend_type::kBind);
  writer.PutCString(portal);
  writer.PutCString(statement);
  writer.End(rest_bytes);
}

void AppendTextBind(std::string_view portal, std::string_view statement,
                    const Values& values, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(frontend_type::kBind);
  writer.PutCString(portal);
  writer.PutCString(statement);
  writer.PutInt16(0);
  WriteValues(values, &writer);
  writer.PutInt16(0);
  writer.End();
}

}  // namespace pgbraid::wire
