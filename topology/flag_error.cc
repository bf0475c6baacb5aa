#include "topology/flag_error.h"

namespace pgbraid::topology {
namespace {

constexpr size_t kMaxPiece = 40;  // bytes

}  // namespace

std::string FlagError(std::string_view flag, int position,
                      std::string_view piece, std::string_view problem) {
  std::string shown(piece.substr(0, kMaxPiece));
  if (piece.size() > kMaxPiece) {
    // Do not cut a character of several bytes.
    size_t end = kMaxPiece;
    while (end > 0 && (piece[end] & 0xC0) == 0x80) --end;
    shown.resize(end);
    shown += "...";
  }
  return std::string(flag) + ": character " + std::to_string(position) + " (" +
         shown + "): " + std::string(problem);
}

Status JoinFindings(const std::vector<std::string>& findings) {
  if (findings.empty()) return OkStatus();
  std::string message;
  for (const std::string& finding : findings) {
    if (!message.empty()) message += '\n';
    message += finding;
  }
  return SqlError(sqlstate::kInvalidParameterValue, message);
}

}  // namespace pgbraid::topology
