// The client's side of SCRAM-SHA-256, as libpq plays it without TLS: the user
// name is left empty, since the server has it from the startup packet.
//
//   server: AuthenticationSASL(mechanisms)
//   client: SASLInitialResponse(kScramSha256, Start())
//   server: AuthenticationSASLContinue(server-first)
//   client: SASLResponse(Continue(server-first))
//   server: AuthenticationSASLFinal(server-final); Finish(server-final)
//
// One login; owned by the server connection; one thread.
#ifndef PGBRAID_WIRE_SCRAM_CLIENT_H_
#define PGBRAID_WIRE_SCRAM_CLIENT_H_

#include <string>
#include <string_view>

#include "base/status.h"
#include "wire/random.h"
#include "wire/scram_secret.h"

namespace pgbraid::wire {

// The costly part of a login, which depends on the password, the salt and the
// iterations alone: kept by a pool, it makes every login to the same server but
// the first cheap.
struct ScramClientKeys {
  std::string salt;
  int iterations = 0;
  ScramKey client_key{};
  ScramKey server_key{};
};

class ScramClient {
 public:
  // `known_keys`, where given, are those of an earlier login with the same
  // password; they are used if the server names the same salt and iterations.
  // `random` must outlive the client.
  ScramClient(std::string_view password, RandomSource* random,
              const ScramClientKeys* known_keys = nullptr);

  // The client-first message. Error XX000 if there is no randomness.
  StatusOr<std::string> Start();

  // Takes the server-first message, gives the client-final message. Error 08P01
  // if it is malformed, answers another nonce or asks for too many iterations.
  StatusOr<std::string> Continue(std::string_view server_first);

  // Whether the server knows the password too. Error 08P01 if malformed, 28P01
  // with the server's reason if it refused, or if its signature does not fit.
  Status Finish(std::string_view server_final);

  // After Continue. Worth keeping once verified().
  const ScramClientKeys& keys() const { return keys_; }

  // Finish() was called and found the server true. An AuthenticationOk that
  // comes before this must not be believed.
  bool verified() const { return verified_; }

 private:
  // Derives keys_, or leaves them if they fit already.
  void DeriveKeys(std::string_view salt, int iterations);

  const std::string password_;
  RandomSource* const random_;
  ScramClientKeys keys_;
  std::string nonce_;  // ours
  std::string auth_message_;
  bool verified_ = false;
};

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_SCRAM_CLIENT_H_
