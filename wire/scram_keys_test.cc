#include "wire/scram_keys.h"

#include "gtest/gtest.h"
#include "wire/base64.h"

namespace pgbraid::wire {
namespace {

// RFC 7677, section 3: user "user", password "pencil".
constexpr std::string_view kAuthMessage =
    "n=user,r=rOprNGfwEbeRWgbNEkqO,"
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr std::string_view kProof =
    "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view kServerSignature =
    "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

TEST(ScramKeysTest, MatchTheStandardsExchange) {
  const std::string salt = DecodeBase64("W22ZaJ0SNY7soEsUEjb6gQ==").value();
  const ScramKey salted = SaltPassword("pencil", salt, 4096);
  const ScramKey client_key = ClientKeyOf(salted);
  const ScramKey stored_key = StoredKeyOf(client_key);
  const ScramKey proof =
      ApplyClientSignature(client_key, stored_key, kAuthMessage);
  EXPECT_EQ(KeyToBase64(proof), kProof);
  EXPECT_EQ(ApplyClientSignature(proof, stored_key, kAuthMessage), client_key);
  EXPECT_EQ(KeyToBase64(Hmac(ServerKeyOf(salted), kAuthMessage)),
            kServerSignature);
}

TEST(ScramKeysTest, CompareWholeKeys) {
  ScramKey a{}, b{};
  EXPECT_TRUE(ConstantTimeEqual(a, b));
  b[31] = 1;
  EXPECT_FALSE(ConstantTimeEqual(a, b));
}

TEST(ScramKeysTest, ReadKeysOfTheRightSizeOnly) {
  EXPECT_EQ(KeyToBase64(KeyFromBase64(kProof).value()), kProof);
  EXPECT_FALSE(KeyFromBase64("").has_value());
  EXPECT_FALSE(KeyFromBase64(EncodeBase64(std::string(31, 'x'))).has_value());
  EXPECT_FALSE(KeyFromBase64(EncodeBase64(std::string(33, 'x'))).has_value());
  EXPECT_FALSE(KeyFromBase64("not base64").has_value());
}

}  // namespace
}  // namespace pgbraid::wire
