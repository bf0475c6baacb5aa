// Random bytes into everything that reads what a peer sent. Nothing may crash,
// hang or read out of bounds (each input has a buffer of its own, so that an
// address sanitiser sees it); whatever frames are found lie inside the input.

#include <random>
#include <string>
#include <vector>

#include "wire/backend.h"
#include "wire/bind.h"
#include "wire/error_response.h"
#include "wire/frontend.h"
#include "wire/function_call.h"
#include "wire/row.h"
#include "wire/scram_client.h"
#include "wire/scram_server.h"
#include "wire/startup_settings.h"
#include "wire/testing.h"
#include "wire/user_list.h"

namespace pgbraid::wire {
namespace {

constexpr int kRounds = 20000;

class FuzzTest : public testing::Test {
 protected:
  // Random bytes, or (more telling) a good message with a few bytes changed
  // and cut somewhere.
  std::string NextInput(const std::vector<std::string>& seeds) {
    std::string input;
    if (Below(4) == 0) {
      input.resize(Below(40));
      for (char& c : input) c = static_cast<char>(Below(256));
      return input;
    }
    input = seeds[Below(seeds.size())];
    for (size_t changes = Below(4); changes > 0 && !input.empty(); --changes) {
      constexpr unsigned char kTelling[] = {0, 1, 0x7f, 0x80, 0xff};
      input[Below(input.size())] =
          Below(2) == 0 ? static_cast<char>(kTelling[Below(sizeof(kTelling))])
                        : static_cast<char>(Below(256));
    }
    if (Below(3) == 0) input.resize(Below(input.size() + 1));
    return std::string(input.data(), input.size());
  }

  size_t Below(size_t bound) { return generator_() % bound; }

  std::mt19937 generator_{20240229};
};

std::vector<std::string> FrontendSeeds() {
  std::vector<std::string> seeds(10);
  AppendQuery("select 1", &seeds[0]);
  AppendParse("s", "select $1", OidList(Raw("\0\0\0\x17")), &seeds[1]);
  AppendTextBind("p", "s", {Value("1"), Value(), Value("three")}, &seeds[2]);
  AppendDescribe(Target::kPortal, "p", &seeds[3]);
  AppendExecute("p", 10, &seeds[4]);
  AppendClose(Target::kStatement, "s", &seeds[5]);
  AppendCopyFail("reason", &seeds[6]);
  AppendSaslInitialResponse("SCRAM-SHA-256", "n,,n=,r=abc", &seeds[7]);
  FunctionCall call;
  call.arguments = {Value("a"), Value()};
  AppendFunctionCall(call, &seeds[8]);
  AppendSync(&seeds[9]);
  return seeds;
}

std::vector<std::string> BackendSeeds() {
  std::vector<std::string> seeds(10);
  AppendRowDescription(RowDescription{TextField("a"), TextField("b")},
                       &seeds[0]);
  AppendDataRow(Values{Value("1"), Value()}, &seeds[1]);
  AppendCommandComplete("SELECT 1", &seeds[2]);
  AppendReadyForQuery(TransactionStatus::kIdle, &seeds[3]);
  AppendErrorResponse(SqlError("0A000", "message", "detail", "hint"),
                      Severity::kError, &seeds[4]);
  AppendParameterStatus("name", "value", &seeds[5]);
  AppendBackendKeyData({1, "keyy"}, &seeds[6]);
  const std::string_view mechanisms[] = {"SCRAM-SHA-256"};
  AppendAuthenticationSasl(mechanisms, &seeds[7]);
  AppendCopyResponse('G', {0, FormatList(Raw("\0\0"))}, &seeds[8]);
  AppendNotification({1, "channel", "payload"}, &seeds[9]);
  return seeds;
}

// Frames in `input`, one after the other.
std::vector<Frame> FramesOf(std::string_view input, const FrameLimits& limits) {
  std::vector<Frame> frames;
  Frame frame;
  while (NextFrame(input, limits, &frame) == FrameStatus::kComplete) {
    EXPECT_GE(frame.bytes.data(), input.data());
    EXPECT_LE(frame.bytes.size(), input.size());
    frames.push_back(frame);
    input.remove_prefix(frame.bytes.size());
  }
  return frames;
}

// The views of a value list must lie inside `body`.
void ExpectInside(const Values& values, std::string_view body) {
  for (const Value& value : values) {
    if (!value.has_value()) continue;
    EXPECT_GE(value->data(), body.data());
    EXPECT_LE(value->data() + value->size(), body.data() + body.size());
  }
}

void ParseAsFrontend(std::string_view body) {
  std::string_view text;
  ParseMessage parse;
  BindMessage bind;
  TargetMessage target;
  ExecuteMessage execute;
  SaslInitialResponse sasl;
  FunctionCall call;
  StartupPacket startup;
  CancelRequest cancel;
  (void)ParseQuery(body, &text);
  (void)ParseParse(body, &parse);
  if (ParseBind(body, &bind).ok()) {
    ExpectInside(bind.values, body);
    for (size_t i = 0; i < bind.values.size(); ++i) (void)bind.FormatOf(i);
  }
  if (ParseBindPrefix(body, &bind)) ExpectInside(bind.values, body);
  (void)ParseDescribe(body, &target);
  (void)ParseClose(body, &target);
  (void)ParseExecute(body, &execute);
  (void)ParseCopyFail(body, &text);
  (void)ParsePassword(body, &text);
  (void)ParseSaslInitialResponse(body, &sasl);
  if (ParseFunctionCall(body, &call).ok()) ExpectInside(call.arguments, body);
  (void)StartupKindOf(body);
  if (ParseStartup(body, &startup).ok()) (void)StartupSettings(startup);
  (void)ParseCancelRequest(body, &cancel);
}

void ParseAsBackend(std::string_view body) {
  std::string_view text;
  Authentication authentication;
  ParameterStatus parameter;
  BackendKeyData key;
  TransactionStatus status;
  NegotiateProtocolVersion negotiate;
  Notification notification;
  CopyResponse copy;
  OidList types;
  RowDescription description;
  Values columns;
  ErrorFields fields;
  if (ParseAuthentication(body, &authentication).ok()) {
    (void)OffersMechanism(authentication.data, kScramSha256);
  }
  (void)ParseParameterStatus(body, &parameter);
  (void)ParseBackendKeyData(body, &key);
  (void)ParseReadyForQuery(body, &status);
  (void)ParseCommandComplete(body, &text);
  (void)ParseNegotiateProtocolVersion(body, &negotiate);
  (void)ParseNotification(body, &notification);
  (void)ParseCopyResponse(body, &copy);
  (void)ParseParameterDescription(body, &types);
  (void)ParseRowDescription(body, &description);
  if (ParseDataRow(body, &columns).ok()) ExpectInside(columns, body);
  if (ParseErrorFields(body, &fields).ok()) {
    EXPECT_EQ(IdentifyError(body).sqlstate, fields.sqlstate);
    EXPECT_EQ(IdentifyError(body).routine, fields.routine);
  } else {
    (void)IdentifyError(body);
  }
}

TEST_F(FuzzTest, FrontendMessages) {
  const std::vector<std::string> seeds = FrontendSeeds();
  for (int round = 0; round < kRounds; ++round) {
    const std::string input = NextInput(seeds);
    for (const Frame& frame : FramesOf(input, kFrontendLimits)) {
      ParseAsFrontend(std::string(frame.body));
    }
    if (input.size() >= kFrameHeaderBytes) {
      ParseAsFrontend(input.substr(kFrameHeaderBytes));
    }
    Frame startup;
    (void)NextStartupFrame(input, &startup);
  }
}

TEST_F(FuzzTest, BackendMessages) {
  const std::vector<std::string> seeds = BackendSeeds();
  for (int round = 0; round < kRounds; ++round) {
    const std::string input = NextInput(seeds);
    for (const Frame& frame : FramesOf(input, kBackendLimits)) {
      ParseAsBackend(std::string(frame.body));
    }
    if (input.size() >= kFrameHeaderBytes) {
      ParseAsBackend(input.substr(kFrameHeaderBytes));
    }
  }
}

TEST_F(FuzzTest, StartupPackets) {
  const std::vector<std::string> seeds = {
      std::string(Raw("\0\3\0\0user\0ann\0options\0-c a=b --c=d\0\0")),
      std::string(Raw("\0\3\0\1user\0ann\0_pq_.x\0y\0\0")),
      std::string(Raw("\x04\xd2\x16\x2e\0\0\0\1keyy"))};
  for (int round = 0; round < kRounds; ++round) {
    ParseAsFrontend(NextInput(seeds));
  }
}

TEST_F(FuzzTest, ScramMessages) {
  FixedRandom random('s');
  const ScramSecret secret = MakeScramSecret("pencil", "salt", 1);
  ScramClient client("pencil", &random);
  const std::string client_first = client.Start().value();
  ScramServer good("ann", secret, "key", &random);
  const std::string server_first =
      good.Start({kScramSha256, client_first}).value();
  const std::string client_final = client.Continue(server_first).value();
  const std::string server_final = good.Continue(client_final).value();
  const std::vector<std::string> seeds = {client_first, server_first,
                                          client_final, server_final};
  for (int round = 0; round < kRounds; ++round) {
    const std::string input = NextInput(seeds);
    ScramServer first("ann", secret, "key", &random);
    (void)first.Start({kScramSha256, input});
    ScramServer last("ann", secret, "key", &random);
    ASSERT_TRUE(last.Start({kScramSha256, client_first}).ok());
    if (last.Continue(input).ok()) {
      EXPECT_EQ(input, client_final);
    }
    if (client.Finish(input).ok()) {
      EXPECT_EQ(input, server_final);
    }
  }
}

TEST_F(FuzzTest, UserLists) {
  const std::vector<std::string> seeds = {
      "\"ann\" \"pencil\"\n; comment\n\"b\"\"ob\" \"x\"\n",
      "\"cyn\" \"" + MakeScramSecret("x", "salt", 1).ToString() + "\"\n"};
  for (int round = 0; round < kRounds; ++round) {
    (void)UserList::Parse(NextInput(seeds));
  }
}

}  // namespace
}  // namespace pgbraid::wire
