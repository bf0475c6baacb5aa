#include "wire/md5.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>

#include "base/check.h"

namespace pgbraid::wire {
namespace {

constexpr std::string_view kPrefix = "md5";
constexpr size_t kDigits = 32;

std::string HexMd5(std::string_view bytes) {
  uint8_t digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  PGB_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(),
                       nullptr) == 1);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text.push_back(kHex[digest[i] >> 4]);
    text.push_back(kHex[digest[i] & 15]);
  }
  return text;
}

}  // namespace

std::string Md5Secret(std::string_view user, std::string_view password) {
  return std::string(kPrefix) +
         HexMd5(std::string(password) + std::string(user));
}

bool IsMd5Secret(std::string_view text) {
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + kDigits) {
    return false;
  }
  text.remove_prefix(kPrefix.size());
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

std::string Md5Answer(std::string_view user, std::string_view password,
                      std::string_view salt) {
  return Md5AnswerFromSecret(Md5Secret(user, password), salt);
}

std::string Md5AnswerFromSecret(std::string_view secret,
                                std::string_view salt) {
  PGB_CHECK(IsMd5Secret(secret));
  return std::string(kPrefix) +
         HexMd5(std::string(secret.substr(kPrefix.size())) + std::string(salt));
}

}  // namespace pgbraid::wire
