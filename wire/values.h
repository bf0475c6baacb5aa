// A counted list of values as Bind, FunctionCall and DataRow carry it:
//
//   values := count(2) { size(4) bytes }*     size -1: NULL
//
// Views into the body, which must outlive them. Pure functions, any thread.
#ifndef PGBRAID_WIRE_VALUES_H_
#define PGBRAID_WIRE_VALUES_H_

#include <optional>
#include <span>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "wire/reader.h"
#include "wire/writer.h"

namespace pgbraid::wire {

// A parameter's or column's bytes, or nothing for NULL.
using Value = std::optional<std::string_view>;
// Does not allocate for up to eight.
using Values = absl::InlinedVector<Value, 8>;

// An error is left in `reader`: a size below -1 or past the body's end is
// "insufficient data left in message".
inline void ReadValues(MessageReader* reader, Values* out) {
  out->clear();
  const size_t count = reader->GetInt16();
  // A count that the body can't hold must not make us reserve for it.
  if (count > reader->rest().size() / 4) {
    reader->GetBytes(reader->rest().size() + 1);
    return;
  }
  out->resize(count);
  for (Value& value : *out) {
    const uint32_t size = reader->GetInt32();
    if (size != UINT32_MAX) value = reader->GetBytes(size);
  }
}

// At most 65535 values.
inline void WriteValues(std::span<const Value> values, MessageWriter* writer) {
  PGB_CHECK(values.size() <= UINT16_MAX);
  writer->PutInt16(static_cast<uint16_t>(values.size()));
  for (const Value& value : values) {
    if (value.has_value()) {
      writer->PutInt32(static_cast<uint32_t>(value->size()));
      writer->PutBytes(*value);
    } else {
      writer->PutInt32(UINT32_MAX);
    }
  }
}

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_VALUES_H_
