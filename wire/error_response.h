// ErrorResponse and NoticeResponse:
//
//   response := { code(1) text NUL }* NUL
//
// Views into the body, which must outlive them. Pure functions, any thread.
#ifndef PGBRAID_WIRE_ERROR_RESPONSE_H_
#define PGBRAID_WIRE_ERROR_RESPONSE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pgbraid::wire {

// Everything that PostgreSQL 15 sends; an empty field is one that is not there.
struct ErrorFields {
  std::string_view severity;           // S, in the server's language
  std::string_view severity_plain;     // V, never translated
  std::string_view sqlstate;           // C
  std::string_view message;            // M
  std::string_view detail;             // D
  std::string_view hint;               // H
  std::string_view position;           // P, characters from 1, decimal
  std::string_view internal_position;  // p
  std::string_view internal_query;     // q
  std::string_view where;              // W
  std::string_view schema;             // s
  std::string_view table;              // t
  std::string_view column;             // c
  std::string_view data_type;          // d
  std::string_view constraint;         // n
  std::string_view file;               // F
  std::string_view line;               // L
  std::string_view routine;            // R
  bool operator==(const ErrorFields&) const = default;
};

// Fields with codes that are not listed above are passed over, as the protocol
// asks. Error 08P01 if a string or the list does not end.
Status ParseErrorFields(std::string_view body, ErrorFields* out);
void AppendErrorResponse(const ErrorFields& fields, std::string* out);
void AppendNoticeResponse(const ErrorFields& fields, std::string* out);

enum class Severity : uint8_t { kError, kFatal };

// What a status carries (it must not be OK), as the router says it to a client.
void AppendErrorResponse(const Status& status, Severity severity,
                         std::string* out);
// A notice of the router's own; severity is "WARNING" or "NOTICE".
void AppendNotice(std::string_view severity, std::string_view sqlstate,
                  std::string_view message, std::string* out);

// A server's error as a status: SQLSTATE, message, detail and hint.
Status ToStatus(const ErrorFields& fields);

// What routing decides by, found without reading the rest. Empty where the body
// does not have it or is malformed.
struct ErrorIdentity {
  std::string_view sqlstate;
  std::string_view routine;  // the function in PostgreSQL's source
};
ErrorIdentity IdentifyError(std::string_view body);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_ERROR_RESPONSE_H_
