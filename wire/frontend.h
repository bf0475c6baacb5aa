// Messages that a client sends after its startup packet (Bind and FunctionCall
// have their own files). The router reads them from clients and writes them to
// servers.
//
// Parse functions take a frame's body and leave views into it, which must
// outlive the result; they copy and allocate nothing. A malformed body is an
// error 08P01 with PostgreSQL's words, and leaves `*out` undefined. Append
// functions add one whole message to `*out`. Pure functions, any thread.
#ifndef PGBRAID_WIRE_FRONTEND_H_
#define PGBRAID_WIRE_FRONTEND_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "wire/number_list.h"
#include "wire/protocol.h"

namespace pgbraid::wire {

// Query := text NUL
Status ParseQuery(std::string_view body, std::string_view* text);
void AppendQuery(std::string_view text, std::string* out);

// Parse := name NUL text NUL count(2) oid(4)*
struct ParseMessage {
  std::string_view name;
  std::string_view text;
  OidList types;  // may be fewer than the parameters; 0: unspecified
};
Status ParseParse(std::string_view body, ParseMessage* out);
// The statement's name may differ from the one that was parsed.
void AppendParse(std::string_view name, std::string_view text, OidList types,
                 std::string* out);
// The same in parts, for a text that is not copied: head, text, tail.
void AppendParseHead(std::string_view name, size_t text_bytes,
                     size_t type_count, std::string* out);
void AppendParseTail(OidList types, std::string* out);

// Describe, Close := target(1) name NUL
struct TargetMessage {
  Target target = Target::kStatement;
  std::string_view name;
};
// Errors also: "invalid DESCRIBE message subtype 88", the same for CLOSE.
Status ParseDescribe(std::string_view body, TargetMessage* out);
Status ParseClose(std::string_view body, TargetMessage* out);
void AppendDescribe(Target target, std::string_view name, std::string* out);
void AppendClose(Target target, std::string_view name, std::string* out);

// Execute := portal NUL max_rows(4)
struct ExecuteMessage {
  std::string_view portal;
  int32_t max_rows = 0;  // zero or less: no limit
};
Status ParseExecute(std::string_view body, ExecuteMessage* out);
void AppendExecute(std::string_view portal, int32_t max_rows, std::string* out);
// Parse, Bind and Execute of a statement without parameters, by the unnamed
// statement and portal.
void AppendRunUnnamed(std::string_view statement, std::string* out);

// Sync, Flush, Terminate, CopyDone: nothing in it. Error: "invalid message
// format".
Status ParseEmpty(std::string_view body);
void AppendSync(std::string* out);
void AppendFlush(std::string* out);
void AppendTerminate(std::string* out);
void AppendCopyDone(std::string* out);

// CopyData := bytes; CopyFail := reason NUL
void AppendCopyData(std::string_view data, std::string* out);
Status ParseCopyFail(std::string_view body, std::string_view* reason);
void AppendCopyFail(std::string_view reason, std::string* out);

// PasswordMessage := password NUL. Errors: "invalid password packet size" if
// the string does not fill the body.
Status ParsePassword(std::string_view body, std::string_view* password);
void AppendPassword(std::string_view password, std::string* out);

// SASLInitialResponse := mechanism NUL size(4) data;  size -1: no data
struct SaslInitialResponse {
  std::string_view mechanism;
  std::optional<std::string_view> data;
};
Status ParseSaslInitialResponse(std::string_view body,
                                SaslInitialResponse* out);
void AppendSaslInitialResponse(std::string_view mechanism,
                               std::string_view data, std::string* out);
// SASLResponse := data: the frame's body is the data.
void AppendSaslResponse(std::string_view data, std::string* out);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_FRONTEND_H_
