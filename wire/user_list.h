// PgBouncer's user list file:
//
//   file  := { line '\n' }*
//   line  := blank | ';' comment | quoted quoted anything
//   quoted := '"' { character | '""' }* '"'
//
// the first a user's name, the second a password, an md5 secret ("md5" and 32
// digits) or a SCRAM secret ("SCRAM-SHA-256$...").
//
// Immutable after it was read; shared freely between threads.
#ifndef PGBRAID_WIRE_USER_LIST_H_
#define PGBRAID_WIRE_USER_LIST_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "wire/scram_secret.h"

namespace pgbraid::wire {

struct UserSecret {
  enum class Kind {
    kPlain,  // `text` is the password
    kMd5,    // `text` is the md5 secret
    kScram,  // `scram` is the secret
  };
  Kind kind = Kind::kPlain;
  std::string text;  // as it stands in the file
  ScramSecret scram;
};

class UserList {
 public:
  UserList() = default;

  // Errors (22023) name the line and what was expected: "line 3: expected a
  // double quote before the password". `text` is the file's content.
  static StatusOr<UserList> Parse(std::string_view text);

  // Null if the user is not listed. The last line of a name holds.
  const UserSecret* Find(std::string_view user) const;
  size_t size() const { return users_.size(); }

 private:
  std::map<std::string, UserSecret, std::less<>> users_;
};

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_USER_LIST_H_
