// What a SCRAM login checks a client against: the user list's secrets, and ones
// made, once a user, from its plain passwords.
//
// One thread (it remembers what it made). Borrows the list, which must outlive
// it; after a reload, make a new one with the same key.
#ifndef PGBRAID_WIRE_LOGIN_SECRETS_H_
#define PGBRAID_WIRE_LOGIN_SECRETS_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "wire/scram_secret.h"
#include "wire/user_list.h"

namespace pgbraid::wire {

class LoginSecrets {
 public:
  // `mock_key`: unguessable bytes, the same for all threads of the process and
  // over reloads; also what ScramServer is given. Salts made here come from it,
  // so that users with plain passwords look like users who do not exist.
  LoginSecrets(const UserList* users, std::string_view mock_key);

  // Nothing for a user who is not listed or whose password is kept as md5: let
  // ScramServer refuse that one in its own way. The first call for a user with
  // a plain password takes about a millisecond.
  std::optional<ScramSecret> Find(std::string_view user);

 private:
  const UserList* const users_;
  const std::string mock_key_;
  std::map<std::string, ScramSecret, std::less<>> made_;
};

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_LOGIN_SECRETS_H_
