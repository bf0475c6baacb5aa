#include "wire/scram_server.h"

#include <cstring>

#include "base/check.h"
#include "wire/base64.h"
#include "wire/scram_message.h"

namespace pgbraid::wire {
namespace {

constexpr std::string_view kBinding = "p=tls-server-end-point";
constexpr size_t kNonceBytes = 18;  // before base64, as PostgreSQL's

Status Unsupported(std::string_view message) {
  return SqlError(sqlstate::kFeatureNotSupported, message);
}

Status Violation(std::string_view message, std::string_view detail = {}) {
  return SqlError(sqlstate::kProtocolViolation, message, detail);
}

}  // namespace

ScramServer::ScramServer(std::string_view user,
                         std::optional<ScramSecret> secret,
                         std::string_view mock_key, RandomSource* random,
                         std::string_view end_point)
    : user_(user),
      doomed_(!secret.has_value()),
      secret_(secret.has_value() ? *std::move(secret)
                                 : MockScramSecret(user, mock_key)),
      random_(random),
      end_point_(end_point) {}

std::vector<std::string_view> ScramServer::mechanisms() const {
  if (end_point_.empty()) return {kScramSha256};
  return {kScramSha256Plus, kScramSha256};
}

StatusOr<std::string> ScramServer::Start(const SaslInitialResponse& initial) {
  PGB_CHECK(state_ == State::kStart);
  bound_ = !end_point_.empty() && initial.mechanism == kScramSha256Plus;
  if (!bound_ && initial.mechanism != kScramSha256) {
    state_ = State::kFailed;
    return Violation(
        "client selected an invalid SASL authentication mechanism");
  }
  state_ = State::kFirst;
  // A client may keep its first message for an answer to an empty challenge.
  if (!initial.data.has_value()) return std::string();
  return Continue(*initial.data);
}

StatusOr<std::string> ScramServer::Continue(std::string_view data) {
  PGB_CHECK(state_ == State::kFirst || state_ == State::kFinal);
  const State state = state_;
  state_ = State::kFailed;  // unless the answer below says otherwise
  if (data.empty()) return MalformedScram("The message is empty.");
  if (data.find('\0') != std::string_view::npos) {
    return MalformedScram("Message length does not match input length.");
  }
  return state == State::kFirst ? AnswerFirst(data) : AnswerFinal(data);
}

StatusOr<std::string> ScramServer::AnswerFirst(std::string_view client_first) {
  PGB_RETURN_IF_ERROR(ReadGs2Header(&client_first));
  client_first_bare_ = client_first;
  if (client_first.starts_with('m')) {
    return Unsupported("client requires an unsupported SCRAM extension");
  }
  ScramMessageReader reader(client_first_bare_);
  std::string_view user;  // the startup packet's counts
  PGB_RETURN_IF_ERROR(reader.Expect('n', &user));
  std::string_view client_nonce;
  PGB_RETURN_IF_ERROR(reader.Expect('r', &client_nonce));
  if (!IsScramPrintable(client_nonce)) {
    return Violation("non-printable characters in SCRAM nonce");
  }
  while (!reader.done()) {  // extensions that we need not know
    ScramAttribute extension;
    PGB_RETURN_IF_ERROR(reader.Next(&extension));
  }

  char own_nonce[kNonceBytes];
  if (!random_->Fill(own_nonce, sizeof(own_nonce))) {
    return SqlError(sqlstate::kInternalError,
                    "could not generate random nonce");
  }
  nonce_ = std::string(client_nonce) +
           EncodeBase64(std::string_view(own_nonce, sizeof(own_nonce)));
  server_first_ = "r=" + nonce_ + ",s=" + EncodeBase64(secret_.salt) +
                  ",i=" + std::to_string(secret_.iterations);
  state_ = State::kFinal;
  return server_first_;
}

// gs2-header := ('n' | 'y' | "p=tls-server-end-point") ',' ','
Status ScramServer::ReadChannelBinding(std::string_view* message) {
  channel_flag_ = message->front();
  switch (channel_flag_) {
    case 'n':
    case 'y':
      if (bound_) {
        return MalformedScram(
            "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message "
            "does not include channel binding data.");
      }
      if (channel_flag_ == 'y' && !end_point_.empty()) {
        // Somebody in between may have taken the better offer away.
        return SqlError(sqlstate::kInvalidAuthorization,
                        "SCRAM channel binding negotiation error",
                        "The client supports SCRAM channel binding but thinks "
                        "the server does not.  However, this server does "
                        "support channel binding.");
      }
      message->remove_prefix(1);
      return OkStatus();
    case 'p':
      if (!bound_) {
        return MalformedScram(
            "The client selected SCRAM-SHA-256 without channel binding, but "
            "the SCRAM message includes channel binding data.");
      }
      if (message->substr(0, kBinding.size()) != kBinding) {
        return Violation("unsupported SCRAM channel-binding type");
      }
      message->remove_prefix(kBinding.size());
      return OkStatus();
    default:
      return MalformedScram("Unexpected channel-binding flag \"" +
                            PrintableByte(channel_flag_) + "\".");
  }
}

Status ScramServer::ReadGs2Header(std::string_view* message) {
  PGB_RETURN_IF_ERROR(ReadChannelBinding(message));
  if (!message->starts_with(',')) {
    return MalformedScram(
        "Comma expected, but found character \"" +
        PrintableByte(message->empty() ? '\0' : message->front()) + "\".");
  }
  message->remove_prefix(1);
  if (message->starts_with('a')) {
    return Unsupported(
        "client uses authorization identity, but it is not supported");
  }
  if (!message->starts_with(',')) {
    return MalformedScram(
        "Unexpected attribute \"" +
        PrintableByte(message->empty() ? '\0' : message->front()) +
        "\" in client-first-message.");
  }
  message->remove_prefix(1);
  return OkStatus();
}

StatusOr<std::string> ScramServer::AnswerFinal(std::string_view client_final) {
  ScramMessageReader reader(client_final);
  std::string_view channel_binding;
  PGB_RETURN_IF_ERROR(reader.Expect('c', &channel_binding));
  PGB_RETURN_IF_ERROR(CheckChannelBinding(channel_binding));
  std::string_view nonce;
  PGB_RETURN_IF_ERROR(reader.Expect('r', &nonce));
  if (nonce != nonce_) {
    return Violation("invalid SCRAM response", "Nonce does not match.");
  }
  ScramAttribute attribute;
  do {  // extensions may stand before the proof
    PGB_RETURN_IF_ERROR(reader.Next(&attribute));
  } while (attribute.name != 'p');
  const std::optional<ScramKey> proof = KeyFromBase64(attribute.value);
  if (!proof.has_value()) {
    return MalformedScram("Malformed proof in client-final-message.");
  }
  if (attribute.value.end() != client_final.end()) {
    return MalformedScram("Garbage found at the end of client-final-message.");
  }

  const size_t proof_bytes = attribute.value.size() + std::strlen(",p=");
  const std::string_view without_proof =
      client_final.substr(0, client_final.size() - proof_bytes);
  const std::string auth_message = client_first_bare_ + "," + server_first_ +
                                   "," + std::string(without_proof);
  if (!ProofFits(*proof, auth_message) || doomed_) {
    return SqlError(
        sqlstate::kInvalidPassword,
        "password authentication failed for user \"" + user_ + "\"");
  }
  state_ = State::kDone;
  return "v=" + KeyToBase64(Hmac(secret_.server_key, auth_message));
}

// The gs2 header of the first message, and what the channel is bound to.
Status ScramServer::CheckChannelBinding(std::string_view value) const {
  const std::string expected = bound_
                                   ? std::string(kBinding) + ",," + end_point_
                                   : std::string(1, channel_flag_) + ",,";
  if (value != EncodeBase64(expected)) {
    if (bound_) {
      return SqlError(sqlstate::kInvalidAuthorization,
                      "SCRAM channel binding check failed");
    }
    return Violation(
        "unexpected SCRAM channel-binding attribute in client-final-message");
  }
  return OkStatus();
}

bool ScramServer::ProofFits(const ScramKey& proof,
                            std::string_view auth_message) const {
  const ScramKey client_key =
      ApplyClientSignature(proof, secret_.stored_key, auth_message);
  return ConstantTimeEqual(StoredKeyOf(client_key), secret_.stored_key);
}

}  // namespace pgbraid::wire
