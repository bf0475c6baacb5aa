// The server's side of SCRAM-SHA-256, as PostgreSQL plays it without TLS: no
// channel binding, the user name inside the exchange is ignored in favour of
// the startup packet's.
//
//   client: SASLInitialResponse(mechanism, client-first)
//   server: AuthenticationSASLContinue(Start(...))
//   client: SASLResponse(client-final)
//   server: AuthenticationSASLFinal(Finish(...)), AuthenticationOk
//
// One login; owned by the session; one thread. Every error ends the login and
// is FATAL: 08P01 for what is malformed, 28P01 for a password that does not
// fit, in PostgreSQL's words.
#ifndef PGBRAID_WIRE_SCRAM_SERVER_H_
#define PGBRAID_WIRE_SCRAM_SERVER_H_

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "wire/frontend.h"
#include "wire/random.h"
#include "wire/scram_secret.h"

namespace pgbraid::wire {

class ScramServer {
 public:
  // `secret`: what is known of the user; nothing for one who does not exist or
  // has no password that SCRAM can use. The exchange is then played to its end
  // with a mock secret made with `mock_key`, and refused. `random` must outlive
  // the server.
  ScramServer(std::string_view user, std::optional<ScramSecret> secret,
              std::string_view mock_key, RandomSource* random);

  // Takes the client-first message, gives the server-first message.
  StatusOr<std::string> Start(const SaslInitialResponse& initial);

  // Takes the client-final message, gives the server-final message. May be
  // called once, after Start.
  StatusOr<std::string> Finish(std::string_view client_final);

 private:
  Status ParseClientFirst(std::string_view message);
  bool ProofFits(std::string_view proof, std::string_view auth_message) const;

  const std::string user_;
  const bool doomed_;
  const ScramSecret secret_;
  RandomSource* const random_;

  char channel_flag_ = 'n';
  std::string client_first_bare_;
  std::string server_first_;
  std::string nonce_;  // the client's and ours
};

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_SCRAM_SERVER_H_
