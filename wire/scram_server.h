// The server's side of SCRAM-SHA-256, as PostgreSQL plays it; over TLS with
// channel binding, if the client wants it. The user name inside the exchange is
// ignored in favour of the startup packet's.
//
//   server: AuthenticationSASL(mechanisms())
//   client: SASLInitialResponse      server: SASLContinue(Start(...))
//   client: SASLResponse             server: Continue(...): as SASLFinal and
//                                    then AuthenticationOk if done(), else as
//                                    SASLContinue
//
// One login; owned by the session; one thread. Every error ends the login and
// is FATAL: 08P01 or 0A000 for a message that is malformed or asks for what
// there is not, 28P01 for a password that does not fit, in PostgreSQL's words.
#ifndef PGBRAID_WIRE_SCRAM_SERVER_H_
#define PGBRAID_WIRE_SCRAM_SERVER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  // the server. `end_point`: over TLS, the hash of the certificate to bind to
  // (tls-server-end-point); else empty.
  ScramServer(std::string_view user, std::optional<ScramSecret> secret,
              std::string_view mock_key, RandomSource* random,
              std::string_view end_point = {});

  // What to offer, best first.
  std::vector<std::string_view> mechanisms() const;

  // Both give the message to answer with. Continue must not be called after an
  // error or once done().
  StatusOr<std::string> Start(const SaslInitialResponse& initial);
  StatusOr<std::string> Continue(std::string_view data);

  // The client has proven that it knows the password.
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State : uint8_t { kStart, kFirst, kFinal, kDone, kFailed };

  StatusOr<std::string> AnswerFirst(std::string_view client_first);
  StatusOr<std::string> AnswerFinal(std::string_view client_final);
  Status ReadGs2Header(std::string_view* message);
  Status ReadChannelBinding(std::string_view* message);
  Status CheckChannelBinding(std::string_view value) const;
  bool ProofFits(const ScramKey& proof, std::string_view auth_message) const;

  const std::string user_;
  const bool doomed_;  // refused even if the proof fits
  const ScramSecret secret_;
  RandomSource* const random_;
  const std::string end_point_;

  bool bound_ = false;  // the client chose the mechanism with channel binding
  State state_ = State::kStart;
  char channel_flag_ = 'n';
  std::string client_first_bare_;
  std::string server_first_;
  std::string nonce_;  // the client's, followed by ours
};

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_SCRAM_SERVER_H_
