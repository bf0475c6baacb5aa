#include "wire/scram_keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <cstring>

#include "base/check.h"
#include "wire/base64.h"
#include "wire/sasl_prep.h"

namespace pgbraid::wire {
namespace {

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view View(const ScramKey& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

}  // namespace

ScramKey SaltPassword(std::string_view password, std::string_view salt,
                      int iterations) {
  PGB_CHECK(iterations > 0);
  const std::string prepared = SaslPrep(password);
  ScramKey key;
  PGB_CHECK(PKCS5_PBKDF2_HMAC(
                prepared.data(), static_cast<int>(prepared.size()), Bytes(salt),
                static_cast<int>(salt.size()), iterations, EVP_sha256(),
                static_cast<int>(key.size()), key.data()) == 1);
  return key;
}

ScramKey ClientKeyOf(const ScramKey& salted_password) {
  return Hmac(salted_password, "Client Key");
}

ScramKey ServerKeyOf(const ScramKey& salted_password) {
  return Hmac(salted_password, "Server Key");
}

ScramKey StoredKeyOf(const ScramKey& client_key) {
  ScramKey key;
  SHA256(client_key.data(), client_key.size(), key.data());
  return key;
}

ScramKey Hmac(std::string_view key, std::string_view message) {
  ScramKey result;
  unsigned int size = 0;
  PGB_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                 Bytes(message), message.size(), result.data(),
                 &size) != nullptr);
  return result;
}

ScramKey Hmac(const ScramKey& key, std::string_view message) {
  return Hmac(View(key), message);
}

ScramKey ApplyClientSignature(const ScramKey& key_or_proof,
                              const ScramKey& stored_key,
                              std::string_view auth_message) {
  ScramKey result = Hmac(stored_key, auth_message);
  for (size_t i = 0; i < result.size(); ++i) result[i] ^= key_or_proof[i];
  return result;
}

bool ConstantTimeEqual(const ScramKey& a, const ScramKey& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string KeyToBase64(const ScramKey& key) { return EncodeBase64(View(key)); }

std::optional<ScramKey> KeyFromBase64(std::string_view text) {
  const std::optional<std::string> bytes = DecodeBase64(text);
  ScramKey key;
  if (!bytes || bytes->size() != key.size()) return std::nullopt;
  std::memcpy(key.data(), bytes->data(), key.size());
  return key;
}

}  // namespace pgbraid::wire
