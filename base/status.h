// Errors are values: an absl::Status that carries what PostgreSQL's
// ErrorResponse carries, so that whoever meets it last (the session) can put
// it on the wire as it is.
//
// Thread-safe in the way absl::Status is: values, freely copied.
#ifndef PGBRAID_BASE_STATUS_H_
#define PGBRAID_BASE_STATUS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pgbraid {

using Status = absl::Status;
template <class T>
using StatusOr = absl::StatusOr<T>;

inline Status OkStatus() { return absl::OkStatus(); }

// SQLSTATEs that pgbraid speaks itself. PostgreSQL's Appendix A has them all.
namespace sqlstate {
inline constexpr std::string_view kFeatureNotSupported = "0A000";
inline constexpr std::string_view kConnectionException = "08000";
inline constexpr std::string_view kConnectionFailure = "08006";
inline constexpr std::string_view kTransactionResolutionUnknown = "08007";
inline constexpr std::string_view kProtocolViolation = "08P01";
inline constexpr std::string_view kInvalidParameterValue = "22023";
inline constexpr std::string_view kCheckViolation = "23514";
inline constexpr std::string_view kActiveSqlTransaction = "25001";
inline constexpr std::string_view kReadOnlySqlTransaction = "25006";
inline constexpr std::string_view kInFailedSqlTransaction = "25P02";
inline constexpr std::string_view kInvalidStatementName = "26000";
inline constexpr std::string_view kInvalidAuthorization = "28000";
inline constexpr std::string_view kInvalidPassword = "28P01";
inline constexpr std::string_view kInvalidCursorName = "34000";
inline constexpr std::string_view kInvalidCatalogName = "3D000";
inline constexpr std::string_view kSyntaxError = "42601";
inline constexpr std::string_view kDuplicatePreparedStatement = "42P05";
inline constexpr std::string_view kUndefinedObject = "42704";
inline constexpr std::string_view kTooManyConnections = "53300";
inline constexpr std::string_view kConfigurationLimit = "53400";
inline constexpr std::string_view kLockNotAvailable = "55P03";
inline constexpr std::string_view kQueryCanceled = "57014";
inline constexpr std::string_view kAdminShutdown = "57P01";
inline constexpr std::string_view kCannotConnectNow = "57P03";
inline constexpr std::string_view kInternalError = "XX000";
}  // namespace sqlstate

// An error with its SQLSTATE (five characters), a message in PostgreSQL's
// style (no capital, no full stop), and, where they help, a detail and a hint
// (whole sentences).
Status SqlError(std::string_view sqlstate, std::string_view message,
                std::string_view detail = {}, std::string_view hint = {});

// What SqlError put in. For an error made otherwise: XX000, empty, empty.
// `status` must not be OK.
std::string SqlStateOf(const Status& status);
std::string DetailOf(const Status& status);
std::string HintOf(const Status& status);
std::string MessageOf(const Status& status);

}  // namespace pgbraid

// Leaves the function with the error if `expr` (a Status) is one.
#define PGB_RETURN_IF_ERROR(expr)              \
  do {                                         \
    ::pgbraid::Status pgb_status_ = (expr);    \
    if (!pgb_status_.ok()) return pgb_status_; \
  } while (false)

// PGB_ASSIGN_OR_RETURN(auto x, F()) declares x from a StatusOr, or leaves.
#define PGB_ASSIGN_OR_RETURN(lhs, expr) \
  PGB_ASSIGN_OR_RETURN_(PGB_CONCAT_(pgb_or_, __LINE__), lhs, expr)
#define PGB_CONCAT_INNER_(a, b) a##b
#define PGB_CONCAT_(a, b) PGB_CONCAT_INNER_(a, b)
#define PGB_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                          \
  if (!tmp.ok()) return tmp.status();         \
  lhs = *std::move(tmp)

#endif  // PGBRAID_BASE_STATUS_H_
