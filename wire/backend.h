// Messages that a server sends, without rows (row.h) and errors
// (error_response.h). The router writes them to clients and reads them from
// servers.
//
// Parse functions take a frame's body and leave views into it, which must
// outlive the result. A malformed body is an error 08P01 and leaves `*out`
// undefined. Append functions add one whole message to `*out`. Pure functions,
// any thread.
#ifndef PGBRAID_WIRE_BACKEND_H_
#define PGBRAID_WIRE_BACKEND_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "base/status.h"
#include "wire/number_list.h"
#include "wire/protocol.h"

namespace pgbraid::wire {

// Authentication := code(4) data
//   md5: salt(4)   sasl: { mechanism NUL }* NUL   continue, final: bytes
struct Authentication {
  AuthenticationCode code = AuthenticationCode::kOk;
  std::string_view data;
};
// Errors also where data does not fit the code (a salt that is not four bytes,
// an unterminated list of mechanisms).
Status ParseAuthentication(std::string_view body, Authentication* out);
void AppendAuthentication(AuthenticationCode code, std::string_view data,
                          std::string* out);
void AppendAuthenticationOk(std::string* out);
void AppendAuthenticationSasl(std::span<const std::string_view> mechanisms,
                              std::string* out);
// Whether a kSasl message's data lists `mechanism`.
bool OffersMechanism(std::string_view data, std::string_view mechanism);

// ParameterStatus := name NUL value NUL
struct ParameterStatus {
  std::string_view name;
  std::string_view value;
};
Status ParseParameterStatus(std::string_view body, ParameterStatus* out);
void AppendParameterStatus(std::string_view name, std::string_view value,
                           std::string* out);

// BackendKeyData := process(4) key(4..256)
struct BackendKeyData {
  uint32_t process = 0;
  std::string_view key;
};
Status ParseBackendKeyData(std::string_view body, BackendKeyData* out);
void AppendBackendKeyData(const BackendKeyData& data, std::string* out);

// ReadyForQuery := status(1)
Status ParseReadyForQuery(std::string_view body, TransactionStatus* status);
void AppendReadyForQuery(TransactionStatus status, std::string* out);

// CommandComplete := tag NUL
Status ParseCommandComplete(std::string_view body, std::string_view* tag);
void AppendCommandComplete(std::string_view tag, std::string* out);

// NegotiateProtocolVersion := version(4) count(4) { option NUL }*
struct NegotiateProtocolVersion {
  uint32_t version = kProtocol30;  // the newest that the server speaks
  absl::InlinedVector<std::string_view, 1> options;  // not recognised
};
Status ParseNegotiateProtocolVersion(std::string_view body,
                                     NegotiateProtocolVersion* out);
void AppendNegotiateProtocolVersion(const NegotiateProtocolVersion& message,
                                    std::string* out);

// NotificationResponse := process(4) channel NUL payload NUL
struct Notification {
  uint32_t process = 0;
  std::string_view channel;
  std::string_view payload;
};
Status ParseNotification(std::string_view body, Notification* out);
void AppendNotification(const Notification& notification, std::string* out);

// CopyInResponse, CopyOutResponse, CopyBothResponse :=
//   format(1) count(2) code(2)*
struct CopyResponse {
  int8_t format = kTextFormat;
  FormatList columns;
};
Status ParseCopyResponse(std::string_view body, CopyResponse* out);
// `type` is one of the three.
void AppendCopyResponse(char type, const CopyResponse& response,
                        std::string* out);

// ParameterDescription := count(2) oid(4)*
Status ParseParameterDescription(std::string_view body, OidList* types);
void AppendParameterDescription(std::span<const Oid> types, std::string* out);

// Messages with nothing in them: ParseComplete, BindComplete, CloseComplete,
// NoData, EmptyQueryResponse, PortalSuspended, CopyDone.
void AppendEmpty(char type, std::string* out);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_BACKEND_H_
