// What the protocol itself costs on the query's way: framing an answer,
// reading and writing a Bind. One reactor does this for every message.

#include <string>
#include <string_view>

#include "benchmark/benchmark.h"
#include "wire/backend.h"
#include "wire/bind.h"
#include "wire/error_response.h"
#include "wire/frame.h"
#include "wire/frontend.h"
#include "wire/row.h"
#include "wire/scram_secret.h"

namespace pgbraid::wire {
namespace {

// T, D, C, Z: what pgbench -S gets for one row.
std::string Answer(int rows) {
  std::string bytes;
  AppendRowDescription(RowDescription{TextField("abalance")}, &bytes);
  for (int i = 0; i < rows; ++i) AppendDataRow(Values{Value("-1234")}, &bytes);
  AppendCommandComplete("SELECT 1", &bytes);
  AppendReadyForQuery(TransactionStatus::kIdle, &bytes);
  return bytes;
}

// A prepared select with `parameters` integers in text.
std::string BindBytes(int parameters) {
  std::string bytes;
  AppendTextBind("", "P0_1", Values(parameters, Value("1234567")), &bytes);
  return bytes;
}

void CountBytes(benchmark::State& state, size_t bytes_each) {
  state.SetBytesProcessed(state.iterations() * bytes_each);
}

// Time is for the whole answer of three messages and `range(0)` rows.
void BM_Frame_NextInAnswer(benchmark::State& state) {
  const std::string bytes = Answer(state.range(0));
  for (auto _ : state) {
    std::string_view rest = bytes;
    Frame frame;
    while (NextFrame(rest, kBackendLimits, &frame) == FrameStatus::kComplete) {
      benchmark::DoNotOptimize(frame.type);
      rest.remove_prefix(frame.bytes.size());
    }
  }
  CountBytes(state, bytes.size());
  state.counters["messages"] = state.range(0) + 3;
}
BENCHMARK(BM_Frame_NextInAnswer)->Arg(1)->Arg(1000);

void BM_Frame_PeekHeader(benchmark::State& state) {
  std::string bytes;
  AppendCopyData(std::string(64 * 1024, 'x'), &bytes);
  for (auto _ : state) {
    FrameHeader header;
    std::string_view input = bytes;
    benchmark::DoNotOptimize(input);
    benchmark::DoNotOptimize(PeekHeader(input, kFrontendLimits, &header));
    benchmark::DoNotOptimize(header.total);
  }
}
BENCHMARK(BM_Frame_PeekHeader);

void BM_Bind_Parse(benchmark::State& state) {
  const std::string bytes = BindBytes(state.range(0));
  const std::string_view body =
      std::string_view(bytes).substr(kFrameHeaderBytes);
  BindMessage message;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ParseBind(body, &message).ok());
    benchmark::DoNotOptimize(message.values.data());
  }
  CountBytes(state, bytes.size());
}
BENCHMARK(BM_Bind_Parse)->Arg(1)->Arg(8)->Arg(100);

void BM_Bind_Rename(benchmark::State& state) {
  const std::string bytes = BindBytes(state.range(0));
  BindMessage message;
  benchmark::DoNotOptimize(
      ParseBind(std::string_view(bytes).substr(kFrameHeaderBytes), &message)
          .ok());
  std::string out;
  for (auto _ : state) {
    out.clear();
    AppendBind(message.portal, "pgbraid_17", message.rest, &out);
    benchmark::DoNotOptimize(out.data());
  }
  CountBytes(state, bytes.size());
}
BENCHMARK(BM_Bind_Rename)->Arg(1)->Arg(100);

void BM_Query_Parse(benchmark::State& state) {
  std::string bytes;
  AppendQuery("SELECT abalance FROM pgbench_accounts WHERE aid = 1234567;",
              &bytes);
  const std::string_view body =
      std::string_view(bytes).substr(kFrameHeaderBytes);
  std::string_view text;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ParseQuery(body, &text).ok());
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK(BM_Query_Parse);

void BM_Writer_DataRow(benchmark::State& state) {
  const Values columns(state.range(0), Value("1234567"));
  std::string out;
  for (auto _ : state) {
    out.clear();
    AppendDataRow(columns, &out);
    benchmark::DoNotOptimize(out.data());
  }
  CountBytes(state, out.size());
}
BENCHMARK(BM_Writer_DataRow)->Arg(1)->Arg(10);

void BM_Writer_Answer(benchmark::State& state) {
  std::string out;
  const RowDescription fields = {TextField("abalance")};
  const Values columns = {Value("-1234")};
  for (auto _ : state) {
    out.clear();
    AppendRowDescription(fields, &out);
    AppendDataRow(columns, &out);
    AppendCommandComplete("SELECT 1", &out);
    AppendReadyForQuery(TransactionStatus::kIdle, &out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_Writer_Answer);

void BM_ErrorResponse_Identify(benchmark::State& state) {
  ErrorFields fields;
  fields.severity = fields.severity_plain = "ERROR";
  fields.sqlstate = "25006";
  fields.message = "cannot execute UPDATE in a read-only transaction";
  fields.file = "utility.c";
  fields.line = "411";
  fields.routine = "PreventCommandIfReadOnly";
  std::string bytes;
  AppendErrorResponse(fields, &bytes);
  const std::string_view body =
      std::string_view(bytes).substr(kFrameHeaderBytes);
  for (auto _ : state) benchmark::DoNotOptimize(IdentifyError(body));
}
BENCHMARK(BM_ErrorResponse_Identify);

void BM_ScramSecret_Make(benchmark::State& state) {
  const std::string salt(kScramSaltBytes, 's');
  for (auto _ : state) {
    benchmark::DoNotOptimize(MakeScramSecret("pencil", salt, kScramIterations));
  }
}
BENCHMARK(BM_ScramSecret_Make);

}  // namespace
}  // namespace pgbraid::wire
