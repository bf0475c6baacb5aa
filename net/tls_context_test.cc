#include "net/tls_context.h"

#include <gtest/gtest.h>

#include "net/tls_test_support.h"

namespace pgbraid::net {
namespace {

TEST(TlsContextTest, HasTheHashOfTheCertificate) {
  EXPECT_EQ(TestTlsContext()->end_point().size(), 32u);  // signed with SHA-256
}

TEST(TlsContextTest, NamesTheFileThatCannotBeRead) {
  const CertificateFiles& files = TestCertificate();
  const auto no_certificate = TlsContext::Load("/nowhere.crt", files.key);
  ASSERT_FALSE(no_certificate.ok());
  EXPECT_EQ(SqlStateOf(no_certificate.status()),
            sqlstate::kInvalidParameterValue);
  EXPECT_NE(MessageOf(no_certificate.status()).find("\"/nowhere.crt\""),
            std::string::npos);
  const auto no_key = TlsContext::Load(files.certificate, files.certificate);
  ASSERT_FALSE(no_key.ok());
  EXPECT_NE(MessageOf(no_key.status()).find("cannot use the key"),
            std::string::npos);
  const auto no_authority =
      TlsContext::ForClient(TlsContext::Verify::kHost, "/nowhere.ca");
  ASSERT_FALSE(no_authority.ok());
  EXPECT_NE(MessageOf(no_authority.status()).find("\"/nowhere.ca\""),
            std::string::npos);
}

}  // namespace
}  // namespace pgbraid::net
