// A self-signed certificate for tests, and the client's end of a connection.
#ifndef PGBRAID_NET_TLS_TEST_SUPPORT_H_
#define PGBRAID_NET_TLS_TEST_SUPPORT_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "net/tls_context.h"

namespace pgbraid::net {

// PEM files in the test's own folder, made at the first call.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};
const CertificateFiles& TestCertificate();

std::shared_ptr<const TlsContext> TestTlsContext();

// A client that trusts anybody; `fd` blocks, and stays the caller's. `alpn`:
// protocols that it offers, in ALPN's own form, or empty.
class TlsTestClient {
 public:
  explicit TlsTestClient(int fd, const std::string& alpn = "");
  ~TlsTestClient();

  bool Connect() { return SSL_connect(ssl_) == 1; }
  void Write(const std::string& data);
  // Until `bytes` are there, or the other side has said that it is done.
  std::string Read(size_t bytes);
  void Close() { SSL_shutdown(ssl_); }

 private:
  SSL_CTX* const context_;
  SSL* const ssl_;
};

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_TLS_TEST_SUPPORT_H_
