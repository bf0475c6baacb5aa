#include "wire/scram_client.h"

#include "wire/base64.h"
#include "wire/scram_message.h"

namespace pgbraid::wire {
namespace {

constexpr size_t kNonceBytes = 18;  // before base64, as libpq's
constexpr std::string_view kGs2Header = "n,,";
// The user's name is left to the startup packet.
constexpr std::string_view kUserAttribute = "n=,r=";

}  // namespace

ScramClient::ScramClient(std::string_view password, RandomSource* random,
                         const ScramClientKeys* known_keys)
    : password_(password), random_(random) {
  if (known_keys != nullptr) keys_ = *known_keys;
}

StatusOr<std::string> ScramClient::Start() {
  char bytes[kNonceBytes];
  if (!random_->Fill(bytes, sizeof(bytes))) {
    return SqlError(sqlstate::kInternalError, "could not generate nonce");
  }
  nonce_ = EncodeBase64(std::string_view(bytes, sizeof(bytes)));
  return std::string(kGs2Header) + std::string(kUserAttribute) + nonce_;
}

StatusOr<std::string> ScramClient::Continue(std::string_view server_first) {
  ScramMessageReader reader(server_first);
  std::string_view nonce, salt_text, iterations_text;
  PGB_RETURN_IF_ERROR(reader.Expect('r', &nonce));
  PGB_RETURN_IF_ERROR(reader.Expect('s', &salt_text));
  PGB_RETURN_IF_ERROR(reader.Expect('i', &iterations_text));
  if (!reader.done()) {
    return MalformedScram("Garbage found at the end of server-first-message.");
  }
  if (nonce_.empty() || !nonce.starts_with(nonce_) ||
      nonce.size() == nonce_.size() || !IsScramPrintable(nonce)) {
    return SqlError(sqlstate::kProtocolViolation, "invalid SCRAM response",
                    "Nonce does not match.");
  }
  const std::optional<std::string> salt = DecodeBase64(salt_text);
  if (!salt.has_value() || salt->empty()) {
    return MalformedScram("Invalid salt.");
  }
  const std::optional<int> iterations = ParseScramIterations(iterations_text);
  if (!iterations.has_value())
    return MalformedScram("Invalid iteration count.");

  DeriveKeys(*salt, *iterations);
  const std::string without_proof =
      "c=" + EncodeBase64(kGs2Header) + ",r=" + std::string(nonce);
  auth_message_ = std::string(kUserAttribute) + nonce_ + "," +
                  std::string(server_first) + "," + without_proof;
  const ScramKey proof = ApplyClientSignature(
      keys_.client_key, StoredKeyOf(keys_.client_key), auth_message_);
  return without_proof + ",p=" + KeyToBase64(proof);
}

Status ScramClient::Finish(std::string_view server_final) {
  ScramMessageReader reader(server_final);
  ScramAttribute attribute;
  PGB_RETURN_IF_ERROR(reader.Next(&attribute));
  if (attribute.name == 'e') {
    return SqlError(sqlstate::kInvalidPassword,
                    "error received from server in SCRAM exchange: " +
                        std::string(attribute.value));
  }
  const std::optional<ScramKey> signature = KeyFromBase64(attribute.value);
  if (attribute.name != 'v' || !signature.has_value() || !reader.done()) {
    return MalformedScram("Invalid server signature.");
  }
  if (auth_message_.empty() ||
      !ConstantTimeEqual(*signature, Hmac(keys_.server_key, auth_message_))) {
    return SqlError(sqlstate::kInvalidPassword, "incorrect server signature");
  }
  verified_ = true;
  return OkStatus();
}

void ScramClient::DeriveKeys(std::string_view salt, int iterations) {
  if (keys_.salt == salt && keys_.iterations == iterations) return;
  const ScramKey salted = SaltPassword(password_, salt, iterations);
  keys_ = {std::string(salt), iterations, ClientKeyOf(salted),
           ServerKeyOf(salted)};
}

}  // namespace pgbraid::wire
