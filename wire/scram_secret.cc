#include "wire/scram_secret.h"

#include <charconv>

#include "base/check.h"
#include "wire/base64.h"

namespace pgbraid::wire {
namespace {

constexpr std::string_view kPrefix = "SCRAM-SHA-256$";

// Takes `text` up to `separator` away from its front; nothing if it has none.
std::optional<std::string_view> TakeUntil(char separator,
                                          std::string_view* text) {
  const size_t at = text->find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view part = text->substr(0, at);
  text->remove_prefix(at + 1);
  return part;
}

}  // namespace

std::optional<int> ParseScramIterations(std::string_view text) {
  int value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 ||
      value > kMaxScramIterations) {
    return std::nullopt;
  }
  return value;
}

std::string ScramSecret::ToString() const {
  return std::string(kPrefix) + std::to_string(iterations) + ":" +
         EncodeBase64(salt) + "$" + KeyToBase64(stored_key) + ":" +
         KeyToBase64(server_key);
}

bool LooksLikeScramSecret(std::string_view text) {
  return text.starts_with(kPrefix);
}

std::optional<ScramSecret> ParseScramSecret(std::string_view text) {
  if (!LooksLikeScramSecret(text)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  const auto iterations_text = TakeUntil(':', &text);
  if (!iterations_text) return std::nullopt;
  const auto salt_text = TakeUntil('$', &text);
  if (!salt_text) return std::nullopt;
  const auto stored_key_text = TakeUntil(':', &text);
  if (!stored_key_text) return std::nullopt;

  const auto iterations = ParseScramIterations(*iterations_text);
  const auto salt = DecodeBase64(*salt_text);
  const auto stored_key = KeyFromBase64(*stored_key_text);
  const auto server_key = KeyFromBase64(text);
  if (!iterations || !salt || !stored_key || !server_key) return std::nullopt;
  return ScramSecret{*iterations, *salt, *stored_key, *server_key};
}

ScramSecret MakeScramSecret(std::string_view password, std::string_view salt,
                            int iterations) {
  PGB_CHECK(iterations >= 1 && iterations <= kMaxScramIterations);
  const ScramKey salted = SaltPassword(password, salt, iterations);
  return {iterations, std::string(salt), StoredKeyOf(ClientKeyOf(salted)),
          ServerKeyOf(salted)};
}

StatusOr<ScramSecret> MakeScramSecret(std::string_view password,
                                      RandomSource* random) {
  std::string salt(kScramSaltBytes, '\0');
  if (!random->Fill(salt.data(), salt.size())) {
    return SqlError(sqlstate::kInternalError, "could not generate random salt");
  }
  return MakeScramSecret(password, salt, kScramIterations);
}

std::string StableSalt(std::string_view user, std::string_view key) {
  const ScramKey digest = Hmac(key, user);
  return std::string(reinterpret_cast<const char*>(digest.data()),
                     kScramSaltBytes);
}

ScramSecret MockScramSecret(std::string_view user, std::string_view key) {
  ScramSecret secret;
  secret.salt = StableSalt(user, key);
  return secret;
}

bool VerifyPassword(const ScramSecret& secret, std::string_view password) {
  const ScramKey salted =
      SaltPassword(password, secret.salt, secret.iterations);
  return ConstantTimeEqual(ServerKeyOf(salted), secret.server_key);
}

}  // namespace pgbraid::wire
