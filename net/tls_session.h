// One connection's TLS: bytes in, bytes out, no I/O of its own.
//
// What arrives is given to Handshake() and then to Decrypt(); what has to be
// sent is appended to `out`. Between calls nothing of the caller's is held. One
// thread at a time.
#ifndef PGBRAID_NET_TLS_SESSION_H_
#define PGBRAID_NET_TLS_SESSION_H_

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/tls_context.h"

namespace pgbraid::net {

class TlsSession {
 public:
  // Plain bytes in one record at most; so many may come out of Decrypt() beyond
  // what goes in.
  static constexpr size_t kRecordBytes = 16 * 1024;

  // `host`: whom a client wants to talk to, a name or an address.
  explicit TlsSession(std::shared_ptr<const TlsContext> context,
                      const std::string& host = "");
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  enum class Step {
    kDone,      // Decrypt() and Encrypt() may follow
    kNeedMore,  // from the peer
    kFailed,    // see error(); `out` may have an alert for the peer
  };
  // A client begins with nothing received.
  Step Handshake(std::string_view received, std::string* out);

  enum class State {
    kOpen,
    kClosed,  // the peer has said that it sends no more
    kFailed,  // see error()
  };
  struct Decrypted {
    State state;
    size_t bytes;  // written to `plain`, with any state
  };
  // Takes all of `received`. `capacity` must have room for as many bytes and
  // for kRecordBytes more.
  Decrypted Decrypt(std::string_view received, char* plain, size_t capacity,
                    std::string* out);
  // Bytes arrived together with the handshake's last: Decrypt() gives them
  // without being given anything.
  bool has_early() const { return !early_.empty(); }

  // False if the connection has failed.
  bool Encrypt(std::string_view plain, std::string* out);

  // Tells the peer that nothing follows.
  void Close(std::string* out);

  // Whether the client asked for PostgreSQL's protocol by ALPN.
  bool has_protocol() const;
  const TlsContext& context() const { return *context_; }
  // 08P01 with OpenSSL's reason.
  const Status& error() const { return error_; }

 private:
  static BIO_METHOD* Method();
  static int Read(BIO* bio, char* data, int size);
  static int Write(BIO* bio, const char* data, int size);
  static long Control(BIO* bio, int command, long, void*);

  void Fail(int result);

  const std::shared_ptr<const TlsContext> context_;
  SSL* const ssl_;
  std::string early_;
  Status error_;
  // During one call.
  std::string_view in_;
  std::string* out_ = nullptr;
};

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_TLS_SESSION_H_
