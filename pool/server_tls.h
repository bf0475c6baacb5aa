// How server connections are encrypted, in libpq's words (its sslmode).
//
// Immutable, shared by all threads. Unix sockets never are.
#ifndef PGBRAID_POOL_SERVER_TLS_H_
#define PGBRAID_POOL_SERVER_TLS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/tls_context.h"

namespace pgbraid::pool {

class ServerTls {
 public:
  enum class Mode : uint8_t {
    kDisable,
    kPrefer,   // if the server can
    kRequire,  // or no connection; whoever it is
    kVerifyCa,
    kVerifyFull,
  };

  // `mode` as sslmode has it. 22023 for another word, or for an authority file
  // that can't be read.
  static StatusOr<std::shared_ptr<const ServerTls>> Make(
      std::string_view mode, const std::string& authority_file);

  Mode mode() const { return mode_; }
  // Null with kDisable.
  const std::shared_ptr<const net::TlsContext>& context() const {
    return context_;
  }
  // The same for libpq's connection string: "sslmode=... sslrootcert='...'".
  const std::string& connection_options() const { return options_; }

 private:
  ServerTls() = default;

  Mode mode_ = Mode::kDisable;
  std::shared_ptr<const net::TlsContext> context_;
  std::string options_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_SERVER_TLS_H_
