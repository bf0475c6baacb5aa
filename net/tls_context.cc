#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <string_view>

namespace pgbraid::net {
namespace {

// As ALPN has it: a length, then the name.
constexpr unsigned char kProtocol[] = "\x0apostgresql";
constexpr unsigned int kProtocolBytes = sizeof(kProtocol) - 1;

// A client that names protocols and not ours is refused.
int SelectProtocol(SSL*, const unsigned char** chosen, unsigned char* size,
                   const unsigned char* offered, unsigned int offered_size,
                   void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kProtocol, kProtocolBytes, offered,
                            offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

Status Unusable(std::string_view what, const std::string& file) {
  char reason[256];
  ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
  ERR_clear_error();
  return SqlError(sqlstate::kInvalidParameterValue,
                  std::string(what) + " \"" + file + "\": " + reason);
}

Status NoTls() {
  return SqlError(sqlstate::kInternalError, "OpenSSL has no TLS to offer");
}

// What both sides have in common.
void Prepare(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  // An idle connection holds no buffer; a record that is not whole stays.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

// MD5 and SHA-1 are replaced by SHA-256, says RFC 5929.
std::string EndPointOf(X509* certificate) {
  int digest = NID_undef;
  if (X509_get_signature_info(certificate, &digest, nullptr, nullptr,
                              nullptr) == 0) {
    return {};
  }
  const EVP_MD* hash = digest == NID_md5 || digest == NID_sha1
                           ? EVP_sha256()
                           : EVP_get_digestbynid(digest);
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (hash == nullptr || X509_digest(certificate, hash, bytes, &size) == 0) {
    return {};
  }
  return std::string(reinterpret_cast<char*>(bytes), size);
}

}  // namespace

StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Load(
    const std::string& certificate_file, const std::string& key_file) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) return NoTls();
  std::shared_ptr<TlsContext> made(
      new TlsContext(context, false, Verify::kNothing));
  Prepare(context);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_alpn_select_cb(context, SelectProtocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) !=
      1) {
    return Unusable("cannot use the certificate", certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(),
                                  SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return Unusable("cannot use the key", key_file);
  }
  made->end_point_ = EndPointOf(SSL_CTX_get0_certificate(context));
  return std::shared_ptr<const TlsContext>(std::move(made));
}

StatusOr<std::shared_ptr<const TlsContext>> TlsContext::ForClient(
    Verify verify, const std::string& authority_file) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return NoTls();
  std::shared_ptr<const TlsContext> made(new TlsContext(context, true, verify));
  Prepare(context);
  SSL_CTX_set_alpn_protos(context, kProtocol, kProtocolBytes);
  if (verify == Verify::kNothing) return made;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (authority_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_locations(context, authority_file.c_str(),
                                           nullptr) != 1) {
    return Unusable("cannot use the trusted certificates", authority_file);
  }
  return made;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

}  // namespace pgbraid::net
