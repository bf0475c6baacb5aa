#include "net/tls_test_support.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdio>

#include "base/check.h"

namespace pgbraid::net {
namespace {

X509* SelfSigned(EVP_PKEY* key) {
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 24 * 60 * 60);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* host = reinterpret_cast<const unsigned char*>("localhost");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host, -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  PGB_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
  return certificate;
}

}  // namespace

const CertificateFiles& TestCertificate() {
  static const CertificateFiles files = [] {
    CertificateFiles made = {testing::TempDir() + "tls.crt",
                             testing::TempDir() + "tls.key"};
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = SelfSigned(key);
    FILE* file = fopen(made.certificate.c_str(), "w");
    PGB_CHECK(file != nullptr && PEM_write_X509(file, certificate) == 1);
    fclose(file);
    file = fopen(made.key.c_str(), "w");
    PGB_CHECK(file != nullptr &&
              PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr,
                                   nullptr) == 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
  }();
  return files;
}

std::shared_ptr<const TlsContext> TestTlsContext() {
  return TlsContext::Load(TestCertificate().certificate, TestCertificate().key)
      .value();
}

TlsTestClient::TlsTestClient(int fd, const std::string& alpn)
    : context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_)) {
  if (!alpn.empty()) {
    SSL_set_alpn_protos(ssl_,
                        reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned int>(alpn.size()));
  }
  SSL_set_fd(ssl_, fd);
}

TlsTestClient::~TlsTestClient() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
}

void TlsTestClient::Write(const std::string& data) {
  size_t written = 0;
  EXPECT_EQ(SSL_write_ex(ssl_, data.data(), data.size(), &written), 1);
  EXPECT_EQ(written, data.size());
}

std::string TlsTestClient::Read(size_t bytes) {
  std::string data;
  while (data.size() < bytes) {
    char part[4096];
    size_t got = 0;
    const size_t wanted = std::min(sizeof(part), bytes - data.size());
    if (SSL_read_ex(ssl_, part, wanted, &got) != 1) break;
    data.append(part, got);
  }
  return data;
}

}  // namespace pgbraid::net
