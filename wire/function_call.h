// The FunctionCall message:
//
//   FunctionCall := function(4) formats values result_format(2)
//
// Views into the body, which must outlive them. Pure functions, any thread.
#ifndef PGBRAID_WIRE_FUNCTION_CALL_H_
#define PGBRAID_WIRE_FUNCTION_CALL_H_

#include <string>
#include <string_view>

#include "base/status.h"
#include "wire/number_list.h"
#include "wire/values.h"

namespace pgbraid::wire {

struct FunctionCall {
  Oid function = 0;
  FormatList formats;
  Values arguments;
  int16_t result_format = kTextFormat;
};

// Errors are 08P01; beside the reader's: "function call message contains 2
// argument formats but 3 arguments".
Status ParseFunctionCall(std::string_view body, FunctionCall* out);
void AppendFunctionCall(const FunctionCall& call, std::string* out);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_FUNCTION_CALL_H_
