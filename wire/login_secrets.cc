#include "wire/login_secrets.h"

namespace pgbraid::wire {

LoginSecrets::LoginSecrets(const UserList* users, std::string_view mock_key)
    : users_(users), mock_key_(mock_key) {}

std::optional<ScramSecret> LoginSecrets::Find(std::string_view user) {
  const UserSecret* secret = users_->Find(user);
  if (secret == nullptr) return std::nullopt;
  switch (secret->kind) {
    case UserSecret::Kind::kMd5:
      return std::nullopt;
    case UserSecret::Kind::kScram:
      return secret->scram;
    case UserSecret::Kind::kPlain:
      break;
  }
  auto made = made_.find(user);
  if (made == made_.end()) {
    ScramSecret fresh = MakeScramSecret(
        secret->text, StableSalt(user, mock_key_), kScramIterations);
    made = made_.emplace(user, std::move(fresh)).first;
  }
  return made->second;
}

}  // namespace pgbraid::wire
