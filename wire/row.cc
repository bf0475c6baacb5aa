#include "wire/row.h"

#include "wire/reader.h"
#include "wire/writer.h"

namespace pgbraid::wire {
namespace {

constexpr Oid kTextOid = 25;
// A field's bytes beside its name, the name's NUL counted.
constexpr size_t kMinFieldBytes = 1 + 18;

}  // namespace

Status ParseRowDescription(std::string_view body, RowDescription* out) {
  out->clear();
  MessageReader reader(body);
  const size_t count = reader.GetInt16();
  if (count > reader.rest().size() / kMinFieldBytes) {
    return SqlError(sqlstate::kProtocolViolation,
                    "insufficient data left in message");
  }
  out->resize(count);
  for (FieldDescription& field : *out) {
    field.name = reader.GetCString();
    field.table = reader.GetInt32();
    field.attribute = static_cast<int16_t>(reader.GetInt16());
    field.type = reader.GetInt32();
    field.type_size = static_cast<int16_t>(reader.GetInt16());
    field.type_modifier = static_cast<int32_t>(reader.GetInt32());
    field.format = static_cast<int16_t>(reader.GetInt16());
  }
  return reader.Finish();
}

void AppendRowDescription(std::span<const FieldDescription> fields,
                          std::string* out) {
  PGB_CHECK(fields.size() <= UINT16_MAX);
  MessageWriter writer(out);
  writer.Begin(backend_type::kRowDescription);
  writer.PutInt16(static_cast<uint16_t>(fields.size()));
  for (const FieldDescription& field : fields) {
    writer.PutCString(field.name);
    writer.PutInt32(field.table);
    writer.PutInt16(static_cast<uint16_t>(field.attribute));
    writer.PutInt32(field.type);
    writer.PutInt16(static_cast<uint16_t>(field.type_size));
    writer.PutInt32(static_cast<uint32_t>(field.type_modifier));
    writer.PutInt16(static_cast<uint16_t>(field.format));
  }
  writer.End();
}

FieldDescription TextField(std::string_view name) {
  FieldDescription field;
  field.name = name;
  field.type = kTextOid;
  return field;
}

Status ParseDataRow(std::string_view body, Values* columns) {
  MessageReader reader(body);
  ReadValues(&reader, columns);
  return reader.Finish();
}

void AppendDataRow(std::span<const Value> columns, std::string* out) {
  MessageWriter writer(out);
  writer.Begin(backend_type::kDataRow);
  WriteValues(columns, &writer);
  writer.End();
}

}  // namespace pgbraid::wire
