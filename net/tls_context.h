// A server's side of TLS: its certificate and key, read once from PEM files.
//
// Immutable after Load(), shared by all threads. TLS 1.2 and later, no session
// tickets, no renegotiation, ALPN "postgresql", as PostgreSQL does it.
#ifndef PGBRAID_NET_TLS_CONTEXT_H_
#define PGBRAID_NET_TLS_CONTEXT_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/status.h"

namespace pgbraid::net {

class TlsContext {
 public:
  // `certificate_file`: the server's certificate, followed by the chain.
  // 22023 with OpenSSL's reason if one of them can't be read, or the key does
  // not belong to the certificate.
  static StatusOr<std::shared_ptr<const TlsContext>> Load(
      const std::string& certificate_file, const std::string& key_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // The hash of the certificate to which a login may be bound: RFC 5929's
  // tls-server-end-point. Empty if the certificate's signature names no hash.
  const std::string& end_point() const { return end_point_; }

  SSL_CTX* get() const { return context_; }

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}

  SSL_CTX* const context_;
  std::string end_point_;
};

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_TLS_CONTEXT_H_
