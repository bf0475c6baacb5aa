// Who pgbraid is towards a server, and how it proves it.
//
// Immutable; shared between threads.
#ifndef PGBRAID_POOL_CREDENTIALS_H_
#define PGBRAID_POOL_CREDENTIALS_H_

#include <memory>
#include <string>
#include <string_view>

#include "pool/server_tls.h"
#include "wire/user_list.h"

namespace pgbraid::pool {

struct ServerLogin {
  std::string user;
  // Plain password, or an md5 secret (good for md5 only); empty: none known.
  std::string password;
  std::shared_ptr<const ServerTls> tls = nullptr;  // null: not encrypted
};

class Credentials {
 public:
  // `server_user` empty: the client's own name. Passwords are looked up in
  // `server_passwords` first (the file of --server_password_file), then in
  // `clients` (the file of --auth_file). `tls` may be null.
  Credentials(std::string server_user, wire::UserList server_passwords,
              wire::UserList clients,
              std::shared_ptr<const ServerTls> tls = nullptr)
      : server_user_(std::move(server_user)),
        server_passwords_(std::move(server_passwords)),
        clients_(std::move(clients)),
        tls_(std::move(tls)) {}

  ServerLogin For(std::string_view client_user) const {
    ServerLogin login;
    login.tls = tls_;
    login.user = server_user_.empty() ? std::string(client_user) : server_user_;
    for (const wire::UserList* list : {&server_passwords_, &clients_}) {
      const wire::UserSecret* secret = list->Find(login.user);
      if (secret != nullptr && secret->kind != wire::UserSecret::Kind::kScram) {
        login.password = secret->text;
        return login;
      }
    }
    return login;
  }

  const wire::UserList& clients() const { return clients_; }

 private:
  const std::string server_user_;
  const wire::UserList server_passwords_;
  const wire::UserList clients_;
  const std::shared_ptr<const ServerTls> tls_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_CREDENTIALS_H_
