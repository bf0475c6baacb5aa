#include "wire/function_call.h"

namespace pgbraid::wire {

Status ParseFunctionCall(std::string_view body, FunctionCall* out) {
  MessageReader reader(body);
  out->function = reader.GetInt32();
  const size_t format_count = reader.GetInt16();
  out->formats = FormatList(reader.GetBytes(2 * format_count));
  ReadValues(&reader, &out->arguments);
  out->result_format = static_cast<int16_t>(reader.GetInt16());
  PGB_RETURN_IF_ERROR(reader.Finish());
  if (format_count > 1 && format_count != out->arguments.size()) {
    return SqlError(sqlstate::kProtocolViolation,
                    "function call message contains " +
                        std::to_string(format_count) +
                        " argument formats but " +
                        std::to_string(out->arguments.size()) + " arguments");
  }
  return OkStatus();
}

void AppendFunctionCall(const FunctionCall& call, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(frontend_type::kFunctionCall);
  writer.PutInt32(call.function);
  writer.PutInt16(static_cast<uint16_t>(call.formats.size()));
  writer.PutBytes(call.formats.bytes());
  WriteValues(call.arguments, &writer);
  writer.PutInt16(static_cast<uint16_t>(call.result_format));
  writer.End();
}

}  // namespace pgbraid::wire
