#include "wire/scram_secret.h"

#include "wire/base64.h"
#include "wire/testing.h"

namespace pgbraid::wire {
namespace {

// What PostgreSQL 15 stored for the passwords "pencil", "pässwⅨrd\u00ad
// \u00a0x" (which SASLprep changes) and "\u0627x1" (which it forbids).
constexpr std::string_view kPencil =
    "SCRAM-SHA-256$4096:vCkRUzqvUra4SJ//H+QEbg==$aufv1lhY114Qh3vkoEJ146Jk+5V0dL"
    "c1HG1Fn3xNHHw=:qyEI0+X9RJp4LES+vsjtBr+ACb6k1QneZtBNddkb1jM=";
constexpr std::string_view kUnicode =
    "SCRAM-SHA-256$4096:GC7w/7afTGTynBLxUNH2Tw==$VBM7Y3AKDe5VSrqL7UkMOaTxpoGZP8"
    "DdBug+4bXtQVk=:8dcqjy8xOe13vKyohLmldOERuXztjjrHVxgKc/QfEGw=";
constexpr std::string_view kForbidden =
    "SCRAM-SHA-256$4096:jSdbbXHdmjOXMy2DhBKPUA==$x99rVSm2Pc8oyQHwyurpd9PSuAAJuH"
    "GWGfBX1MUAiy4=:+0Ni0RPHRaU+IWovZaRyZM5WtTaRTfDOvz00dqiwZl4=";

TEST(ScramSecretTest, ReadsAndWritesWhatPostgresStores) {
  const std::optional<ScramSecret> secret = ParseScramSecret(kPencil);
  ASSERT_TRUE(secret.has_value());
  EXPECT_EQ(secret->iterations, 4096);
  EXPECT_EQ(secret->salt.size(), kScramSaltBytes);
  EXPECT_EQ(secret->ToString(), kPencil);
  EXPECT_EQ(MakeScramSecret("pencil", secret->salt, 4096), *secret);
}

TEST(ScramSecretTest, PreparesPasswordsAsPostgresDoes) {
  EXPECT_TRUE(VerifyPassword(ParseScramSecret(kUnicode).value(),
                             "p\u00e4ssw\u2168rd\u00ad \u00a0x"));
  EXPECT_TRUE(
      VerifyPassword(ParseScramSecret(kUnicode).value(), "p\u00e4sswIXrd  x"));
  EXPECT_TRUE(VerifyPassword(ParseScramSecret(kForbidden).value(), "\u0627x1"));
}

TEST(ScramSecretTest, VerifiesPasswords) {
  const ScramSecret secret = ParseScramSecret(kPencil).value();
  EXPECT_TRUE(VerifyPassword(secret, "pencil"));
  EXPECT_FALSE(VerifyPassword(secret, "pencil "));
  EXPECT_FALSE(VerifyPassword(secret, ""));
}

TEST(ScramSecretTest, RefusesWhatIsNotWellFormed) {
  const std::string good(kPencil);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ParseScramSecret(good.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(ParseScramSecret(good + "x").has_value());
  EXPECT_FALSE(ParseScramSecret("SCRAM-SHA-1" + good.substr(13)).has_value());
  for (const char* iterations :
       {"0", "-1", "4096x", "", "1000001", "99999999999999999999"}) {
    const std::string text =
        std::string("SCRAM-SHA-256$") + iterations + good.substr(18);
    EXPECT_FALSE(ParseScramSecret(text).has_value()) << text;
  }
  EXPECT_TRUE(LooksLikeScramSecret(good));
  EXPECT_FALSE(LooksLikeScramSecret("pencil"));
}

TEST(ScramSecretTest, UsesFreshSalt) {
  FixedRandom random('s');
  const StatusOr<ScramSecret> secret = MakeScramSecret("pencil", &random);
  ASSERT_TRUE(secret.ok());
  EXPECT_EQ(secret->salt, std::string(kScramSaltBytes, 's'));
  EXPECT_TRUE(VerifyPassword(*secret, "pencil"));
  FixedRandom broken('s', /*works=*/false);
  ExpectError(MakeScramSecret("pencil", &broken).status(),
              sqlstate::kInternalError, "could not generate random salt");
}

TEST(ScramSecretTest, MocksTheSameSaltForTheSameUser) {
  const ScramSecret ann = MockScramSecret("ann", "key");
  EXPECT_EQ(MockScramSecret("ann", "key"), ann);
  EXPECT_EQ(ann.salt.size(), kScramSaltBytes);
  EXPECT_EQ(ann.iterations, kScramIterations);
  EXPECT_NE(MockScramSecret("bob", "key").salt, ann.salt);
  EXPECT_NE(MockScramSecret("ann", "other key").salt, ann.salt);
}

}  // namespace
}  // namespace pgbraid::wire
