#include "net/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>
#include <utility>

#include "base/check.h"

namespace pgbraid::net {

// The ends of the connection as OpenSSL sees them: it reads from in_ and writes
// to out_, which never is full.
BIO_METHOD* TlsSession::Method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pgbraid");
    BIO_meth_set_read(made, Read);
    BIO_meth_set_write(made, Write);
    BIO_meth_set_ctrl(made, Control);
    return made;
  }();
  return method;
}

int TlsSession::Read(BIO* bio, char* data, int size) {
  auto* self = static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self->in_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t taken = std::min(self->in_.size(), static_cast<size_t>(size));
  std::memcpy(data, self->in_.data(), taken);
  self->in_.remove_prefix(taken);
  return static_cast<int>(taken);
}

int TlsSession::Write(BIO* bio, const char* data, int size) {
  auto* self = static_cast<TlsSession*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  self->out_->append(data, static_cast<size_t>(size));
  return size;
}

long TlsSession::Control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context,
                       const std::string& host)
    : context_(std::move(context)), ssl_(SSL_new(context_->get())) {
  PGB_CHECK(ssl_ != nullptr);
  BIO* bio = BIO_new(Method());
  PGB_CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);  // which owns it now
  if (!context_->is_client()) {
    SSL_set_accept_state(ssl_);
    return;
  }
  SSL_set_connect_state(ssl_);
  X509_VERIFY_PARAM* expected = SSL_get0_param(ssl_);
  const bool is_address =
      X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
  if (!is_address) SSL_set_tlsext_host_name(ssl_, host.c_str());
  if (context_->verify() == TlsContext::Verify::kHost) {
    if (!is_address) SSL_set1_host(ssl_, host.c_str());
  } else if (is_address) {
    X509_VERIFY_PARAM_set1_ip(expected, nullptr, 0);
  }
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

TlsSession::Step TlsSession::Handshake(std::string_view received,
                                       std::string* out) {
  in_ = received;
  out_ = out;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    early_ = in_;
    return Step::kDone;
  }
  if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) {
    return Step::kNeedMore;
  }
  Fail(result);
  return Step::kFailed;
}

TlsSession::Decrypted TlsSession::Decrypt(std::string_view received,
                                          char* plain, size_t capacity,
                                          std::string* out) {
  std::string joined;
  if (!early_.empty()) {
    joined = std::move(early_);
    early_.clear();
    joined.append(received);
    received = joined;
  }
  in_ = received;
  out_ = out;
  size_t bytes = 0;
  for (;;) {
    PGB_CHECK(bytes < capacity);
    ERR_clear_error();
    size_t got = 0;
    const int result = SSL_read_ex(ssl_, plain + bytes, capacity - bytes, &got);
    if (result == 1) {
      bytes += got;
      continue;
    }
    switch (SSL_get_error(ssl_, result)) {
      case SSL_ERROR_WANT_READ:
        return {State::kOpen, bytes};
      case SSL_ERROR_ZERO_RETURN:
        return {State::kClosed, bytes};
      default:
        Fail(result);
        return {State::kFailed, bytes};
    }
  }
}

bool TlsSession::Encrypt(std::string_view plain, std::string* out) {
  out_ = out;
  while (!plain.empty()) {
    ERR_clear_error();
    size_t written = 0;
    const int result = SSL_write_ex(ssl_, plain.data(), plain.size(), &written);
    if (result != 1) {
      Fail(result);
      return false;
    }
    plain.remove_prefix(written);
  }
  return true;
}

void TlsSession::Close(std::string* out) {
  if (!error_.ok()) return;  // OpenSSL forbids it then
  in_ = {};
  out_ = out;
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

bool TlsSession::has_protocol() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return size > 0;
}

void TlsSession::Fail(int result) {
  const unsigned long code = ERR_get_error();
  char reason[256] = "the peer does not keep to the protocol";
  const long verified = SSL_get_verify_result(ssl_);
  if (context_->is_client() && verified != X509_V_OK &&
      context_->verify() != TlsContext::Verify::kNothing) {
    std::snprintf(reason, sizeof(reason), "certificate verify failed: %s",
                  X509_verify_cert_error_string(verified));
  } else if (SSL_get_error(ssl_, result) == SSL_ERROR_SSL && code != 0) {
    ERR_error_string_n(code, reason, sizeof(reason));
  }
  ERR_clear_error();
  error_ = SqlError(sqlstate::kProtocolViolation,
                    std::string("TLS failed: ") + reason);
}

}  // namespace pgbraid::net
