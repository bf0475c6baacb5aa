#include "wire/reader.h"

namespace pgbraid::wire {

Status MessageReader::MakeError() const {
  switch (error_) {
    case Error::kInsufficient:
      return SqlError(sqlstate::kProtocolViolation,
                      "insufficient data left in message");
    case Error::kNoData:
      return SqlError(sqlstate::kProtocolViolation, "no data left in message");
    case Error::kUnterminated:
      return SqlError(sqlstate::kProtocolViolation,
                      "invalid string in message");
    case Error::kNone:
      break;
  }
  return SqlError(sqlstate::kProtocolViolation, "invalid message format");
}

}  // namespace pgbraid::wire
