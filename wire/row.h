// Rows and what describes them:
//
//   RowDescription := count(2) field*
//   field          := name NUL table(4) attribute(2) type(4) typlen(2)
//                     typmod(4) format(2)
//   DataRow        := count(2) { size(4) bytes }*     size -1: NULL
//
// Views into the body, which must outlive them. Errors are 08P01. Pure
// functions, any thread.
#ifndef PGBRAID_WIRE_ROW_H_
#define PGBRAID_WIRE_ROW_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "wire/protocol.h"
#include "wire/values.h"

namespace pgbraid::wire {

struct FieldDescription {
  std::string_view name;
  Oid table = 0;          // 0: not a table's column
  int16_t attribute = 0;  // 0: not a table's column
  Oid type = 0;
  int16_t type_size = -1;  // negative: variable
  int32_t type_modifier = -1;
  int16_t format = kTextFormat;
  bool operator==(const FieldDescription&) const = default;
};

using RowDescription = std::vector<FieldDescription>;
Status ParseRowDescription(std::string_view body, RowDescription* out);
void AppendRowDescription(std::span<const FieldDescription> fields,
                          std::string* out);

// A column of type text (oid 25), for answers that the router makes itself.
FieldDescription TextField(std::string_view name);

Status ParseDataRow(std::string_view body, Values* columns);
void AppendDataRow(std::span<const Value> columns, std::string* out);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_ROW_H_
