// What many TLS connections have in common: a server's certificate and key, or
// whom a client trusts; read once from PEM files.
//
// Immutable once made, shared by all threads. TLS 1.2 and later, no session
// tickets, no renegotiation, ALPN "postgresql", as PostgreSQL does it.
#ifndef PGBRAID_NET_TLS_CONTEXT_H_
#define PGBRAID_NET_TLS_CONTEXT_H_

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace pgbraid::net {

class TlsContext {
 public:
  // How much a client wants to know of the server (libpq's sslmode).
  enum class Verify : uint8_t {
    kNothing,
    kAuthority,  // that the certificate comes from one of those it trusts
    kHost,       // and was made out to the host it wants to talk to
  };

  // `certificate_file`: the server's certificate, followed by the chain.
  // 22023 with OpenSSL's reason if one of them can't be read, or the key does
  // not belong to the certificate.
  static StatusOr<std::shared_ptr<const TlsContext>> Load(
      const std::string& certificate_file, const std::string& key_file);
  // For connections as a client. `authority_file`: the certificates that are
  // trusted; empty: the system's. 22023 as above.
  static StatusOr<std::shared_ptr<const TlsContext>> ForClient(
      Verify verify, const std::string& authority_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // The hash of the certificate to which a login may be bound: RFC 5929's
  // tls-server-end-point. Empty if the certificate's signature names no hash.
  const std::string& end_point() const { return end_point_; }

  bool is_client() const { return client_; }
  Verify verify() const { return verify_; }
  SSL_CTX* get() const { return context_; }

 private:
  TlsContext(SSL_CTX* context, bool client, Verify verify)
      : context_(context), client_(client), verify_(verify) {}

  SSL_CTX* const context_;
  const bool client_;
  const Verify verify_;
  std::string end_point_;
};

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_TLS_CONTEXT_H_
