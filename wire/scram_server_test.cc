#include "wire/scram_server.h"

#include "wire/base64.h"
#include "wire/scram_client.h"
#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

// Made by PostgreSQL 15 for the password "pencil".
constexpr std::string_view kSecret =
    "SCRAM-SHA-256$4096:vCkRUzqvUra4SJ//H+QEbg==$aufv1lhY114Qh3vkoEJ146Jk+5V0dL"
    "c1HG1Fn3xNHHw=:qyEI0+X9RJp4LES+vsjtBr+ACb6k1QneZtBNddkb1jM=";

const std::string kEndPoint(32, '#');

class ScramServerTest : public testing::Test {
 protected:
  // Takes `server` through its first round with a client of this password;
  // gives the client-final message.
  std::string ClientFinal(ScramServer* server, std::string_view password) {
    client_.emplace(password, &random_);
    client_first_ = client_->Start().value();
    const std::string server_first =
        server->Start({kScramSha256, client_first_}).value();
    return client_->Continue(server_first).value();
  }

  ScramServer KnownUser() {
    return ScramServer("ann", ParseScramSecret(kSecret), "key", &random_);
  }

  ScramServer Bound() {
    return ScramServer("ann", ParseScramSecret(kSecret), "key", &random_,
                       kEndPoint);
  }

  void ExpectWrongPassword(const Status& status) {
    ExpectError(status, sqlstate::kInvalidPassword,
                "password authentication failed for user \"ann\"");
  }

  SystemRandom random_;
  std::string client_first_;
  std::optional<ScramClient> client_;
};

TEST_F(ScramServerTest, LetsAClientWithThePasswordIn) {
  ScramServer server = KnownUser();
  const std::string client_final = ClientFinal(&server, "pencil");
  EXPECT_FALSE(server.done());
  const StatusOr<std::string> server_final = server.Continue(client_final);
  ASSERT_TRUE(server_final.ok());
  EXPECT_TRUE(server.done());
  EXPECT_TRUE(client_->Finish(*server_final).ok());
  EXPECT_TRUE(client_->verified());
}

TEST_F(ScramServerTest, IgnoresTheUserNameInTheExchange) {
  ScramServer server = KnownUser();
  EXPECT_TRUE(server.Start({kScramSha256, "n,,n=somebody,r=abcdef"}).ok());
}

TEST_F(ScramServerTest, RefusesAWrongPassword) {
  ScramServer server = KnownUser();
  ExpectWrongPassword(server.Continue(ClientFinal(&server, "pen")).status());
  EXPECT_FALSE(server.done());
}

TEST_F(ScramServerTest, RefusesATamperedProof) {
  for (size_t byte = 0; byte < 32; ++byte) {
    ScramServer server = KnownUser();
    std::string message = ClientFinal(&server, "pencil");
    const size_t at = message.find(",p=") + 3;
    ScramKey proof = KeyFromBase64(message.substr(at)).value();
    proof[byte] ^= 0x10;
    message.replace(at, std::string::npos, KeyToBase64(proof));
    ExpectWrongPassword(server.Continue(message).status());
  }
}

TEST_F(ScramServerTest, RefusesTheProofOfAnotherLogin) {
  ScramServer first = KnownUser();
  const std::string seen = ClientFinal(&first, "pencil");
  ScramServer second = KnownUser();
  ASSERT_TRUE(second.Start({kScramSha256, client_first_}).ok());
  ExpectViolation(second.Continue(seen).status(), "invalid SCRAM response");
}

TEST_F(ScramServerTest, ShowsAnUnknownUserNothing) {
  ScramServer known = KnownUser();
  ScramServer server("ann", std::nullopt, "key", &random_);
  const std::string final_message = ClientFinal(&server, "pencil");
  ExpectWrongPassword(server.Continue(final_message).status());
  EXPECT_FALSE(server.done());

  // The salt is the same at the next attempt.
  FixedRandom fixed('s');
  ScramServer one("bob", std::nullopt, "key", &fixed);
  ScramServer two("bob", std::nullopt, "key", &fixed);
  const SaslInitialResponse initial{kScramSha256, "n,,n=,r=abc"};
  EXPECT_EQ(one.Start(initial).value(), two.Start(initial).value());
}

TEST_F(ScramServerTest, RefusesAnUnknownUserEvenIfTheMockFits) {
  // The mock's keys are known to whoever reads this; a proof made with them
  // must not let anybody in.
  FixedRandom fixed('s');
  ScramServer server("ann", std::nullopt, "key", &fixed);
  const std::string server_first =
      server.Start({kScramSha256, "n,,n=,r=abc"}).value();
  const std::string without_proof =
      "c=biws,r=abc" + EncodeBase64(std::string(18, 's'));
  const ScramKey proof = ApplyClientSignature(
      ScramKey{}, ScramKey{}, "n=,r=abc," + server_first + "," + without_proof);
  ExpectWrongPassword(
      server.Continue(without_proof + ",p=" + KeyToBase64(proof)).status());
}

TEST_F(ScramServerTest, AsksForTheFirstMessageIfNoneCame) {
  ScramServer server = KnownUser();
  EXPECT_EQ(server.Start({kScramSha256, std::nullopt}).value(), "");
  ScramClient client("pencil", &random_);
  const std::string server_first =
      server.Continue(client.Start().value()).value();
  EXPECT_TRUE(server.Continue(client.Continue(server_first).value()).ok());
  EXPECT_TRUE(server.done());
}

TEST_F(ScramServerTest, RefusesOtherMechanisms) {
  ScramServer server = KnownUser();
  ExpectViolation(server.Start({"SCRAM-SHA-256-PLUS", "n,,n=,r=abc"}).status(),
                  "client selected an invalid SASL authentication mechanism");
}

TEST_F(ScramServerTest, OffersBindingOverTlsOnly) {
  EXPECT_EQ(KnownUser().mechanisms(),
            std::vector<std::string_view>{kScramSha256});
  EXPECT_EQ(Bound().mechanisms(),
            (std::vector<std::string_view>{kScramSha256Plus, kScramSha256}));
}

TEST_F(ScramServerTest, BindsToTheCertificate) {
  for (const std::string& end_point : {kEndPoint, std::string("another")}) {
    ScramServer server = Bound();
    const std::string header = "p=tls-server-end-point,,";
    const std::string bare = "n=,r=abcdef";
    const std::string server_first =
        server.Start({kScramSha256Plus, header + bare}).value();
    // A client's proof, made by hand.
    const std::string without_proof =
        "c=" + EncodeBase64(header + end_point) +
        ",r=" + server_first.substr(2, server_first.find(",s=") - 2);
    const ScramSecret secret = *ParseScramSecret(kSecret);
    const ScramKey client_key = Hmac(
        SaltPassword("pencil", secret.salt, secret.iterations), "Client Key");
    const ScramKey proof =
        ApplyClientSignature(client_key, secret.stored_key,
                             bare + "," + server_first + "," + without_proof);
    const auto final =
        server.Continue(without_proof + ",p=" + KeyToBase64(proof));
    EXPECT_EQ(final.ok(), end_point == kEndPoint);
    EXPECT_EQ(server.done(), end_point == kEndPoint);
    if (!final.ok()) {
      ExpectError(final.status(), sqlstate::kInvalidAuthorization,
                  "SCRAM channel binding check failed");
    }
  }
}

TEST_F(ScramServerTest, RefusesAnExchangeWhoseBestOfferWasTakenAway) {
  ScramServer server = Bound();
  ExpectError(server.Start({kScramSha256, "y,,n=,r=abc"}).status(),
              sqlstate::kInvalidAuthorization,
              "SCRAM channel binding negotiation error");
  ScramServer willing = Bound();
  EXPECT_TRUE(willing.Start({kScramSha256, "n,,n=,r=abc"}).ok());
  ScramServer unbound = Bound();
  ExpectViolation(unbound.Start({kScramSha256Plus, "n,,n=,r=abc"}).status(),
                  "malformed SCRAM message");
  ScramServer other = Bound();
  ExpectViolation(
      other.Start({kScramSha256Plus, "p=tls-unique,,n=,r=abc"}).status(),
      "unsupported SCRAM channel-binding type");
}

TEST_F(ScramServerTest, RefusesMalformedFirstMessages) {
  const struct {
    std::string_view message;
    std::string_view sqlstate;
    std::string_view text;
  } kCases[] = {
      {"", "08P01", "malformed SCRAM message"},
      {Raw("n,,n=,r=a\0b"), "08P01", "malformed SCRAM message"},
      {"p=tls-server-end-point,,n=,r=a", "08P01", "malformed SCRAM message"},
      {"x,,n=,r=a", "08P01", "malformed SCRAM message"},
      {"n", "08P01", "malformed SCRAM message"},
      {"n;", "08P01", "malformed SCRAM message"},
      {"n,", "08P01", "malformed SCRAM message"},
      {"n,x", "08P01", "malformed SCRAM message"},
      {"n,a=boss,n=,r=a", "0A000",
       "client uses authorization identity, but it is not supported"},
      {"n,,m=x,n=,r=a", "0A000",
       "client requires an unsupported SCRAM extension"},
      {"n,,", "08P01", "malformed SCRAM message"},
      {"n,,r=a", "08P01", "malformed SCRAM message"},
      {"n,,n=", "08P01", "malformed SCRAM message"},
      {"n,,n=,r", "08P01", "malformed SCRAM message"},
      {"n,,n=,r=a b", "08P01", "non-printable characters in SCRAM nonce"},
      {"n,,n=,r=a,?", "08P01", "malformed SCRAM message"},
  };
  for (const auto& test : kCases) {
    ScramServer server = KnownUser();
    SCOPED_TRACE(test.message);
    ExpectError(server.Start({kScramSha256, test.message}).status(),
                test.sqlstate, test.text);
  }
}

TEST_F(ScramServerTest, TakesTheFlagOfAClientThatCouldBindAChannel) {
  FixedRandom fixed('s');
  ScramServer server("ann", ParseScramSecret(kSecret), "key", &fixed);
  const std::string server_first =
      server.Start({kScramSha256, "y,,n=,r=abc,x=1"}).value();
  const std::string without_proof =
      "c=eSws,r=abc" + EncodeBase64(std::string(18, 's')) + ",x=ext";
  const ScramSecret secret = ParseScramSecret(kSecret).value();
  const ScramKey client_key =
      ClientKeyOf(SaltPassword("pencil", secret.salt, 4096));
  const ScramKey proof = ApplyClientSignature(
      client_key, secret.stored_key,
      "n=,r=abc,x=1," + server_first + "," + without_proof);
  EXPECT_TRUE(server.Continue(without_proof + ",p=" + KeyToBase64(proof)).ok());
}

TEST_F(ScramServerTest, RefusesMalformedFinalMessages) {
  const std::string nonce = "r=abc" + EncodeBase64(std::string(18, 's'));
  const std::string proof = ",p=" + EncodeBase64(std::string(32, 'p'));
  const struct {
    std::string message;
    std::string_view text;
  } kCases[] = {
      {"", "malformed SCRAM message"},
      {nonce + proof, "malformed SCRAM message"},
      {"c=eSws," + nonce + proof,
       "unexpected SCRAM channel-binding attribute in client-final-message"},
      {"c=biws,r=abc" + proof, "invalid SCRAM response"},
      {"c=biws," + nonce + "x" + proof, "invalid SCRAM response"},
      {"c=biws," + nonce, "malformed SCRAM message"},
      {"c=biws," + nonce + ",p=", "malformed SCRAM message"},
      {"c=biws," + nonce + ",p=abcd", "malformed SCRAM message"},
      {"c=biws," + nonce + proof + ",x=1", "malformed SCRAM message"},
      {"c=biws," + nonce + proof + ",", "malformed SCRAM message"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.message);
    FixedRandom fixed('s');
    ScramServer server("ann", ParseScramSecret(kSecret), "key", &fixed);
    ASSERT_TRUE(server.Start({kScramSha256, "n,,n=,r=abc"}).ok());
    ExpectViolation(server.Continue(test.message).status(), test.text);
    EXPECT_FALSE(server.done());
  }
}

TEST_F(ScramServerTest, FailsWithoutRandomness) {
  FixedRandom broken('s', /*works=*/false);
  ScramServer server("ann", ParseScramSecret(kSecret), "key", &broken);
  ExpectError(server.Start({kScramSha256, "n,,n=,r=abc"}).status(),
              sqlstate::kInternalError, "could not generate random nonce");
}

}  // namespace
}  // namespace pgbraid::wire
