#include "wire/user_list.h"

#include "wire/md5.h"

namespace pgbraid::wire {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void SkipSpace(std::string_view* line) {
  while (!line->empty() && IsSpace(line->front())) line->remove_prefix(1);
}

// Reads one quoted string at the front of `line`. `what` names it in errors.
Status TakeQuoted(std::string_view what, std::string_view* line,
                  std::string* out) {
  SkipSpace(line);
  if (!line->starts_with('"')) {
    return SqlError(sqlstate::kInvalidParameterValue,
                    "expected a double quote before the " + std::string(what));
  }
  line->remove_prefix(1);
  while (!line->empty()) {
    const char c = line->front();
    line->remove_prefix(1);
    if (c == '"') {
      if (!line->starts_with('"')) return OkStatus();
      line->remove_prefix(1);
    }
    out->push_back(c);
  }
  return SqlError(sqlstate::kInvalidParameterValue,
                  "expected a double quote after the " + std::string(what));
}

Status ReadLine(std::string_view line, std::string* user, UserSecret* secret) {
  PGB_RETURN_IF_ERROR(TakeQuoted("user name", &line, user));
  PGB_RETURN_IF_ERROR(TakeQuoted("password", &line, &secret->text));
  if (user->empty()) {
    return SqlError(sqlstate::kInvalidParameterValue,
                    "expected a user name between the first two quotes");
  }
  if (user->find('\0') != std::string::npos ||
      secret->text.find('\0') != std::string::npos) {
    return SqlError(sqlstate::kInvalidParameterValue,
                    "expected no zero byte in a user name or password");
  }
  if (LooksLikeScramSecret(secret->text)) {
    const std::optional<ScramSecret> scram = ParseScramSecret(secret->text);
    if (!scram.has_value()) {
      return SqlError(sqlstate::kInvalidParameterValue,
                      "expected SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:"
                      "<ServerKey> as SCRAM secret");
    }
    secret->kind = UserSecret::Kind::kScram;
    secret->scram = *scram;
  } else if (IsMd5Secret(secret->text)) {
    secret->kind = UserSecret::Kind::kMd5;
  }
  return OkStatus();
}

}  // namespace

StatusOr<UserList> UserList::Parse(std::string_view text) {
  UserList list;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    SkipSpace(&line);
    if (line.empty() || line.front() == ';') continue;
    std::string user;
    UserSecret secret;
    const Status status = ReadLine(line, &user, &secret);
    if (!status.ok()) {
      return SqlError(SqlStateOf(status), "line " + std::to_string(number) +
                                              ": " + MessageOf(status));
    }
    list.users_[user] = std::move(secret);
  }
  return list;
}

const UserSecret* UserList::Find(std::string_view user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? nullptr : &found->second;
}

}  // namespace pgbraid::wire
