#include "wire/scram_client.h"

#include "wire/base64.h"
#include "wire/scram_server.h"
#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

constexpr std::string_view kSalt = "W22ZaJ0SNY7soEsUEjb6gQ==";

class ScramClientTest : public testing::Test {
 protected:
  // A server-first message that answers the client's nonce.
  std::string ServerFirst(std::string_view salt, std::string_view iterations) {
    return "r=" + nonce_ + "more,s=" + std::string(salt) +
           ",i=" + std::string(iterations);
  }

  FixedRandom random_{'c'};
  const std::string nonce_ = EncodeBase64(std::string(18, 'c'));
  ScramClient client_{"pencil", &random_};
};

TEST_F(ScramClientTest, StartsWithoutAUserName) {
  EXPECT_EQ(client_.Start().value(), "n,,n=,r=" + nonce_);
}

TEST_F(ScramClientTest, AnswersWithItsProof) {
  ASSERT_TRUE(client_.Start().ok());
  const std::string server_first = ServerFirst(kSalt, "4096");
  const std::string answer = client_.Continue(server_first).value();
  const std::string without_proof = "c=biws,r=" + nonce_ + "more";
  ASSERT_TRUE(answer.starts_with(without_proof + ",p="));
  // Worked out here from the keys alone.
  const ScramKey client_key =
      ClientKeyOf(SaltPassword("pencil", DecodeBase64(kSalt).value(), 4096));
  EXPECT_EQ(answer.substr(without_proof.size() + 3),
            KeyToBase64(ApplyClientSignature(
                client_key, StoredKeyOf(client_key),
                "n=,r=" + nonce_ + "," + server_first + "," + without_proof)));
}

TEST_F(ScramClientTest, RefusesAForeignNonce) {
  ASSERT_TRUE(client_.Start().ok());
  for (const std::string& nonce :
       {std::string("other"), nonce_, nonce_.substr(1) + "more",
        nonce_ + "\x01"}) {
    ExpectViolation(
        client_.Continue("r=" + nonce + ",s=" + std::string(kSalt) + ",i=4096")
            .status(),
        "invalid SCRAM response");
  }
}

TEST_F(ScramClientTest, RefusesAnAnswerBeforeItsStart) {
  EXPECT_FALSE(
      client_.Continue("r=x,s=" + std::string(kSalt) + ",i=4096").ok());
  EXPECT_FALSE(client_.Finish("v=" + EncodeBase64(std::string(32, '\0'))).ok());
  EXPECT_FALSE(client_.verified());
}

TEST_F(ScramClientTest, RefusesMalformedServerFirstMessages) {
  ASSERT_TRUE(client_.Start().ok());
  for (const std::string& message :
       {std::string(), std::string("r"), "r=" + nonce_ + "more",
        ServerFirst("not base64", "4096"), ServerFirst("", "4096"),
        ServerFirst(kSalt, "0"), ServerFirst(kSalt, "x"),
        ServerFirst(kSalt, "2000000000"), ServerFirst(kSalt, "4096,x=1"),
        "m=ext," + ServerFirst(kSalt, "4096")}) {
    ExpectViolation(client_.Continue(message).status(),
                    "malformed SCRAM message");
  }
}

TEST_F(ScramClientTest, RefusesAServerThatDoesNotKnowThePassword) {
  ASSERT_TRUE(client_.Start().ok());
  ASSERT_TRUE(client_.Continue(ServerFirst(kSalt, "4096")).ok());
  ExpectError(client_.Finish("v=" + EncodeBase64(std::string(32, 'x'))),
              sqlstate::kInvalidPassword, "incorrect server signature");
  ExpectError(client_.Finish("e=invalid-proof"), sqlstate::kInvalidPassword,
              "error received from server in SCRAM exchange: invalid-proof");
  for (const std::string_view message : {"", "v=", "v=abc", "x=y"}) {
    ExpectViolation(client_.Finish(message), "malformed SCRAM message");
  }
  EXPECT_FALSE(client_.verified());
}

TEST_F(ScramClientTest, FailsWithoutRandomness) {
  FixedRandom broken('c', /*works=*/false);
  ScramClient client("pencil", &broken);
  ExpectError(client.Start().status(), sqlstate::kInternalError,
              "could not generate nonce");
}

TEST_F(ScramClientTest, LogsInAgainWithTheKeysOfAnEarlierLogin) {
  ASSERT_TRUE(client_.Start().ok());
  const std::string server_first = ServerFirst(kSalt, "4096");
  const std::string answer = client_.Continue(server_first).value();
  // No password: the keys alone give the same proof.
  ScramClient again("", &random_, &client_.keys());
  ASSERT_TRUE(again.Start().ok());
  EXPECT_EQ(again.Continue(server_first).value(), answer);
  // Another salt: the keys no longer fit and are not used.
  ScramClient moved("pencil", &random_, &client_.keys());
  ASSERT_TRUE(moved.Start().ok());
  ASSERT_TRUE(moved.Continue(ServerFirst("b3RoZXI=", "4096")).ok());
  EXPECT_EQ(moved.keys().salt, "other");
  EXPECT_NE(moved.keys().client_key, client_.keys().client_key);
}

}  // namespace
}  // namespace pgbraid::wire
