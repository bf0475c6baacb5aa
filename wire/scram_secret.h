// What a server keeps of a password for SCRAM-SHA-256 (RFC 5802, RFC 7677), in
// the form of PostgreSQL's pg_authid and of PgBouncer's user list:
//
//   SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>
//
// with salt and keys in base64. Values; pure functions, any thread.
#ifndef PGBRAID_WIRE_SCRAM_SECRET_H_
#define PGBRAID_WIRE_SCRAM_SECRET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "wire/random.h"
#include "wire/scram_keys.h"

namespace pgbraid::wire {

inline constexpr std::string_view kScramSha256 = "SCRAM-SHA-256";
// The same bound to the TLS connection.
inline constexpr std::string_view kScramSha256Plus = "SCRAM-SHA-256-PLUS";
inline constexpr int kScramIterations = 4096;  // PostgreSQL's default
// More than this is refused, from either side: it would hold the thread for
// minutes.
inline constexpr int kMaxScramIterations = 1'000'000;
inline constexpr size_t kScramSaltBytes = 16;

struct ScramSecret {
  int iterations = kScramIterations;
  std::string salt;  // raw bytes
  ScramKey stored_key{};
  ScramKey server_key{};

  std::string ToString() const;
  bool operator==(const ScramSecret&) const = default;
};

// Whether `text` claims to be a secret (by its prefix).
bool LooksLikeScramSecret(std::string_view text);

// A count of iterations within 1 and kMaxScramIterations, or nothing.
std::optional<int> ParseScramIterations(std::string_view text);

// Nothing if it is not well formed.
std::optional<ScramSecret> ParseScramSecret(std::string_view text);

// From a plain password. Takes about a millisecond for 4096 iterations: keep
// the result. `iterations` from 1 to kMaxScramIterations.
ScramSecret MakeScramSecret(std::string_view password, std::string_view salt,
                            int iterations);
// With a fresh salt. Error XX000 if there is no randomness.
StatusOr<ScramSecret> MakeScramSecret(std::string_view password,
                                      RandomSource* random);

// The salt of a user whose secret is made here and not read: it depends on the
// name and on `key` alone. `key` is unguessable and stays the same for as long
// as the process lives, so that asking twice shows nothing.
std::string StableSalt(std::string_view user, std::string_view key);

// A secret with the stable salt for a user who does not exist. No password is
// known to fit; the login must be refused all the same.
ScramSecret MockScramSecret(std::string_view user, std::string_view key);

// Whether `password` is the one that the secret was made of.
bool VerifyPassword(const ScramSecret& secret, std::string_view password);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_SCRAM_SECRET_H_
