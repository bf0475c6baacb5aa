// The Bind message:
//
//   Bind    := portal NUL statement NUL formats values formats
//   formats := count(2) code(2)*
//   values  := count(2) { size(4) bytes }*     size -1: NULL
//
// Views into the body, which must outlive them. Pure functions, any thread.
#ifndef PGBRAID_WIRE_BIND_H_
#define PGBRAID_WIRE_BIND_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "wire/number_list.h"
#include "wire/values.h"

namespace pgbraid::wire {

struct BindMessage {
  std::string_view portal;
  std::string_view statement;
  FormatList formats;
  Values values;
  size_t value_count = 0;  // as the message says; values.size() if it is whole
  FormatList result_formats;
  // Everything after the two names, as it came.
  std::string_view rest;

  int16_t FormatOf(size_t parameter) const {
    return formats.FormatOf(parameter);
  }
};

// Errors are 08P01; beside the reader's: "bind message has 2 parameter formats
// but 3 parameters". Reuses what `out` has allocated.
Status ParseBind(std::string_view body, BindMessage* out);

// The beginning of a Bind of which the rest may still be on its way: `prefix`
// are the body's first bytes. `out->values` are those that are here whole, up
// to the first that is not; `out->rest` is what has arrived after the names;
// result formats are not read. False if not even the number of values is here.
bool ParseBindPrefix(std::string_view prefix, BindMessage* out);

// A Bind from its names and the part after them.
void AppendBind(std::string_view portal, std::string_view statement,
                std::string_view rest, std::string* out);

// Header and names only, of a Bind whose part after the names, `rest_bytes`
// long, is relayed separately: a large Bind gets another statement's name
// without being copied.
void AppendBindHead(std::string_view portal, std::string_view statement,
                    size_t rest_bytes, std::string* out);

// A Bind from scratch: all parameters in text, all results in text.
void AppendTextBind(std::string_view portal, std::string_view statement,
                    const Values& values, std::string* out);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_BIND_H_
