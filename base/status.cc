#include "base/status.h"

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace pgbraid {
namespace {

constexpr char kStateUrl[] = "pgbraid/sqlstate";
constexpr char kDetailUrl[] = "pgbraid/detail";
constexpr char kHintUrl[] = "pgbraid/hint";

absl::string_view ToAbsl(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

std::string PayloadOf(const Status& status, const char* url) {
  auto payload = status.GetPayload(url);
  return payload ? std::string(*payload) : std::string();
}

}  // namespace

Status SqlError(std::string_view sqlstate, std::string_view message,
                std::string_view detail, std::string_view hint) {
  Status status(absl::StatusCode::kUnknown, ToAbsl(message));
  status.SetPayload(kStateUrl, absl::Cord(ToAbsl(sqlstate)));
  if (!detail.empty())
    status.SetPayload(kDetailUrl, absl::Cord(ToAbsl(detail)));
  if (!hint.empty()) status.SetPayload(kHintUrl, absl::Cord(ToAbsl(hint)));
  return status;
}

std::string SqlStateOf(const Status& status) {
  std::string state = PayloadOf(status, kStateUrl);
  return state.empty() ? std::string(sqlstate::kInternalError) : state;
}

std::string DetailOf(const Status& status) {
  return PayloadOf(status, kDetailUrl);
}

std::string HintOf(const Status& status) { return PayloadOf(status, kHintUrl); }

std::string MessageOf(const Status& status) {
  return std::string(status.message());
}

}  // namespace pgbraid
