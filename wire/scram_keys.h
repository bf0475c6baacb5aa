// The arithmetic of SCRAM-SHA-256 (RFC 5802, section 3):
//
//   SaltedPassword  := PBKDF2-HMAC-SHA-256(SASLprep(password), salt, i)
//   ClientKey       := HMAC(SaltedPassword, "Client Key")
//   StoredKey       := SHA-256(ClientKey)
//   ServerKey       := HMAC(SaltedPassword, "Server Key")
//   ClientProof     := ClientKey XOR HMAC(StoredKey, AuthMessage)
//   ServerSignature := HMAC(ServerKey, AuthMessage)
//
// Pure functions, any thread.
#ifndef PGBRAID_WIRE_SCRAM_KEYS_H_
#define PGBRAID_WIRE_SCRAM_KEYS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgbraid::wire {

using ScramKey = std::array<uint8_t, 32>;

// Takes about 0.2 us an iteration. `iterations` is 1 or more.
ScramKey SaltPassword(std::string_view password, std::string_view salt,
                      int iterations);
ScramKey ClientKeyOf(const ScramKey& salted_password);
ScramKey ServerKeyOf(const ScramKey& salted_password);
ScramKey StoredKeyOf(const ScramKey& client_key);

ScramKey Hmac(std::string_view key, std::string_view message);
ScramKey Hmac(const ScramKey& key, std::string_view message);

// Of the client's key: its proof. Of a proof: the key that made it.
ScramKey ApplyClientSignature(const ScramKey& key_or_proof,
                              const ScramKey& stored_key,
                              std::string_view auth_message);

// Takes the same time wherever the two differ.
bool ConstantTimeEqual(const ScramKey& a, const ScramKey& b);

std::string KeyToBase64(const ScramKey& key);
// Nothing unless `text` is base64 of 32 bytes.
std::optional<ScramKey> KeyFromBase64(std::string_view text);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_SCRAM_KEYS_H_
