// The numbers and letters of PostgreSQL's frontend/backend protocol 3.0.
//
// Source: PostgreSQL's manual, chapters "Message Formats" and "Message Flow",
// and src/include/libpq/{protocol,pqcomm}.h. Values only; any thread.
#ifndef PGBRAID_WIRE_PROTOCOL_H_
#define PGBRAID_WIRE_PROTOCOL_H_

#include <cstdint>

namespace pgbraid::wire {

using Oid = uint32_t;

// The first four bytes of a startup packet's body.
inline constexpr uint32_t kProtocol30 = 196608;  // 3 << 16
inline constexpr uint32_t kCancelRequestCode = 80877102;
inline constexpr uint32_t kSslRequestCode = 80877103;
inline constexpr uint32_t kGssEncRequestCode = 80877104;

constexpr uint32_t ProtocolMajor(uint32_t version) { return version >> 16; }
constexpr uint32_t ProtocolMinor(uint32_t version) { return version & 0xffff; }

// Lengths as the protocol counts them: the length field included, the type
// byte not.
inline constexpr uint32_t kMinMessageLength = 4;
// PostgreSQL's PQ_SMALL_MESSAGE_LIMIT and PQ_LARGE_MESSAGE_LIMIT.
inline constexpr uint32_t kSmallMessageLimit = 10000;
inline constexpr uint32_t kLargeMessageLimit = 0x3fffffff - 1;
// PostgreSQL's PG_MAX_AUTH_TOKEN_LENGTH: for 'p' messages.
inline constexpr uint32_t kPasswordMessageLimit = 65535;
// A startup packet holds a code at least, and MAX_STARTUP_PACKET_LENGTH bytes
// beside its length field at most.
inline constexpr uint32_t kMinStartupLength = 8;
inline constexpr uint32_t kMaxStartupLength = 10000 + 4;
// Bytes of the secret in BackendKeyData and CancelRequest (4 before
// protocol 3.2).
inline constexpr uint32_t kMinCancelKeyBytes = 4;
inline constexpr uint32_t kMaxCancelKeyBytes = 256;

// Types of messages that a frontend sends.
namespace frontend_type {
inline constexpr char kBind = 'B';
inline constexpr char kClose = 'C';
inline constexpr char kCopyData = 'd';
inline constexpr char kCopyDone = 'c';
inline constexpr char kCopyFail = 'f';
inline constexpr char kDescribe = 'D';
inline constexpr char kExecute = 'E';
inline constexpr char kFlush = 'H';
inline constexpr char kFunctionCall = 'F';
inline constexpr char kParse = 'P';
// PasswordMessage, SASLInitialResponse, SASLResponse and GSSResponse: which
// one, only the authentication under way tells.
inline constexpr char kPassword = 'p';
inline constexpr char kQuery = 'Q';
inline constexpr char kSync = 'S';
inline constexpr char kTerminate = 'X';
}  // namespace frontend_type

// Types of messages that a backend sends.
namespace backend_type {
inline constexpr char kAuthentication = 'R';
inline constexpr char kBackendKeyData = 'K';
inline constexpr char kBindComplete = '2';
inline constexpr char kCloseComplete = '3';
inline constexpr char kCommandComplete = 'C';
inline constexpr char kCopyBothResponse = 'W';
inline constexpr char kCopyData = 'd';
inline constexpr char kCopyDone = 'c';
inline constexpr char kCopyInResponse = 'G';
inline constexpr char kCopyOutResponse = 'H';
inline constexpr char kDataRow = 'D';
inline constexpr char kEmptyQueryResponse = 'I';
inline constexpr char kErrorResponse = 'E';
inline constexpr char kFunctionCallResponse = 'V';
inline constexpr char kNegotiateProtocolVersion = 'v';
inline constexpr char kNoData = 'n';
inline constexpr char kNoticeResponse = 'N';
inline constexpr char kNotificationResponse = 'A';
inline constexpr char kParameterDescription = 't';
inline constexpr char kParameterStatus = 'S';
inline constexpr char kParseComplete = '1';
inline constexpr char kPortalSuspended = 's';
inline constexpr char kReadyForQuery = 'Z';
inline constexpr char kRowDescription = 'T';
}  // namespace backend_type

// ReadyForQuery's byte.
enum class TransactionStatus : char {
  kIdle = 'I',
  kInTransaction = 'T',
  kFailed = 'E',
};

// What Describe and Close name.
enum class Target : char {
  kStatement = 'S',
  kPortal = 'P',
};

// Format codes of parameters and columns.
inline constexpr int16_t kTextFormat = 0;
inline constexpr int16_t kBinaryFormat = 1;

// The kinds of Authentication messages.
enum class AuthenticationCode : uint32_t {
  kOk = 0,
  kKerberosV5 = 2,
  kCleartextPassword = 3,
  kMd5Password = 5,
  kGss = 7,
  kGssContinue = 8,
  kSspi = 9,
  kSasl = 10,
  kSaslContinue = 11,
  kSaslFinal = 12,
};

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_PROTOCOL_H_
