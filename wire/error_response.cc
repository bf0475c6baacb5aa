#include "wire/error_response.h"

#include "wire/protocol.h"
#include "wire/reader.h"
#include "wire/writer.h"

namespace pgbraid::wire {
namespace {

struct FieldCode {
  char code;
  std::string_view ErrorFields::*field;
};

// In the order in which PostgreSQL sends them.
constexpr FieldCode kFieldCodes[] = {
    {'S', &ErrorFields::severity},       {'V', &ErrorFields::severity_plain},
    {'C', &ErrorFields::sqlstate},       {'M', &ErrorFields::message},
    {'D', &ErrorFields::detail},         {'H', &ErrorFields::hint},
    {'W', &ErrorFields::where},          {'s', &ErrorFields::schema},
    {'t', &ErrorFields::table},          {'c', &ErrorFields::column},
    {'d', &ErrorFields::data_type},      {'n', &ErrorFields::constraint},
    {'P', &ErrorFields::position},       {'p', &ErrorFields::internal_position},
    {'q', &ErrorFields::internal_query}, {'F', &ErrorFields::file},
    {'L', &ErrorFields::line},           {'R', &ErrorFields::routine},
};

void AppendFields(char type, const ErrorFields& fields, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(type);
  for (const FieldCode& entry : kFieldCodes) {
    const std::string_view text = fields.*entry.field;
    if (text.empty()) continue;
    writer.PutByte(entry.code);
    writer.PutCString(text);
  }
  writer.PutByte('\0');
  writer.End();
}

}  // namespace

Status ParseErrorFields(std::string_view body, ErrorFields* out) {
  *out = ErrorFields();
  MessageReader reader(body);
  while (const char code = reader.GetByte()) {
    const std::string_view text = reader.GetCString();
    for (const FieldCode& entry : kFieldCodes) {
      if (entry.code == code) out->*entry.field = text;
    }
  }
  return reader.Finish();
}

void AppendErrorResponse(const ErrorFields& fields, std::string* out) {
  AppendFields(backend_type::kErrorResponse, fields, out);
}

void AppendNoticeResponse(const ErrorFields& fields, std::string* out) {
  AppendFields(backend_type::kNoticeResponse, fields, out);
}

void AppendErrorResponse(const Status& status, Severity severity,
                         std::string* out) {
  const std::string sqlstate = SqlStateOf(status);
  const std::string message = MessageOf(status);
  const std::string detail = DetailOf(status);
  const std::string hint = HintOf(status);
  ErrorFields fields;
  fields.severity = severity == Severity::kFatal ? "FATAL" : "ERROR";
  fields.severity_plain = fields.severity;
  fields.sqlstate = sqlstate;
  fields.message = message;
  fields.detail = detail;
  fields.hint = hint;
  AppendErrorResponse(fields, out);
}

void AppendNotice(std::string_view severity, std::string_view sqlstate,
                  std::string_view message, std::string* out) {
  ErrorFields fields;
  fields.severity = severity;
  fields.severity_plain = severity;
  fields.sqlstate = sqlstate;
  fields.message = message;
  AppendNoticeResponse(fields, out);
}

Status ToStatus(const ErrorFields& fields) {
  const std::string_view state =
      fields.sqlstate.size() == 5 ? fields.sqlstate : sqlstate::kInternalError;
  return SqlError(state, fields.message, fields.detail, fields.hint);
}

ErrorIdentity IdentifyError(std::string_view body) {
  ErrorIdentity identity;
  MessageReader reader(body);
  while (const char code = reader.GetByte()) {
    const std::string_view text = reader.GetCString();
    if (code == 'C') identity.sqlstate = text;
    if (code == 'R') identity.routine = text;
  }
  return identity;
}

}  // namespace pgbraid::wire
