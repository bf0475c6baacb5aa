#include "pool/host_monitor.h"

#include <charconv>
#include <utility>

#include "wire/bind.h"
#include "wire/frontend.h"

namespace pgbraid::pool {
namespace {

constexpr Duration kRetryAfterLoss = std::chrono::milliseconds(100);
constexpr std::string_view kStatementName = "pgbraid_sample";

// Asked once for each connection.
constexpr std::string_view kFactsSql =
    "SELECT system_identifier, (SELECT setting FROM pg_catalog.pg_settings"
    " WHERE name = 'wal_segment_size'), (SELECT greatest(timeline_id,"
    " min_recovery_end_timeline) FROM pg_catalog.pg_control_checkpoint(),"
    " pg_catalog.pg_control_recovery()) FROM pg_catalog.pg_control_system()";

// The role is asked once, since it may change meanwhile; what a primary can't
// answer is not asked there. A standby's timeline is the one that its receiver
// follows.
constexpr std::string_view kSampleSql =
    "SELECT standby, CASE WHEN standby"
    " THEN pg_catalog.pg_last_wal_replay_lsn()"
    " ELSE pg_catalog.pg_current_wal_insert_lsn() END,"
    " CASE WHEN standby THEN NULL"
    " ELSE pg_catalog.pg_current_wal_flush_lsn() END,"
    " CASE WHEN standby"
    " THEN (SELECT received_tli::pg_catalog.text"
    " FROM pg_catalog.pg_stat_wal_receiver WHERE status = 'streaming')"
    " ELSE pg_catalog.substr(pg_catalog.pg_walfile_name("
    "pg_catalog.pg_current_wal_insert_lsn()), 1, 8) END"
    " FROM (SELECT pg_catalog.pg_is_in_recovery() AS standby OFFSET 0) AS role";

std::string SampleMessages() {
  std::string messages;
  wire::AppendTextBind("", kStatementName, {}, &messages);
  wire::AppendExecute("", 0, &messages);
  wire::AppendSync(&messages);
  return messages;
}

template <class Number>
Number ParseNumber(const std::optional<std::string>& text, int base = 10) {
  Number number = 0;
  if (text) {
    std::from_chars(text->data(), text->data() + text->size(), number, base);
  }
  return number;
}

}  // namespace

HostMonitor::HostMonitor(net::Reactor* reactor, HostMonitorOptions options,
                         ReactorTables* tables, wire::RandomSource* random,
                         std::function<void()> on_change)
    : reactor_(reactor),
      options_(std::move(options)),
      tables_(tables),
      random_(random),
      on_change_(std::move(on_change)),
      wake_(reactor),
      error_(SqlError(sqlstate::kCannotConnectNow,
                      options_.address.ToString() + " was not asked yet")) {}

void HostMonitor::Start() { reactor_->Spawn(Loop()); }

void HostMonitor::RequestSample() {
  requested_ = true;
  wake_.Notify();
}

net::Task<void> HostMonitor::Loop() {
  for (;;) {
    Status status;
    if (connection_ == nullptr) status = co_await Connect();
    if (status.ok()) {
      requested_ = false;
      status = co_await TakeSample();
    }
    if (!status.ok()) Lost(std::move(status));
    asked_ = true;
    on_change_();
    // Asking a dead host more often does not bring it back sooner.
    bool lost = connection_ == nullptr;
    TimePoint next = reactor_->clock()->Now() +
                     (lost ? kRetryAfterLoss : options_.poll_interval);
    bool notified = true;
    while (notified && (lost || !requested_)) {
      notified = co_await wake_.Wait(next);
    }
  }
}

void HostMonitor::Lost(Status error) {
  connection_.reset();
  sample_.reset();
  error_ = std::move(error);
}

net::Task<Status> HostMonitor::Connect() {
  TimePoint deadline = reactor_->clock()->Now() + options_.timeout;
  // Named on purpose: GCC 12 destroys a temporary made of a braced list inside
  // a co_await twice.
  ServerConnection::Target target{options_.address, options_.database,
                                  options_.login};
  auto connection = co_await ServerConnection::Open(reactor_, std::move(target),
                                                    tables_, random_, deadline);
  if (!connection.ok()) co_return connection.status();
  connection_ = *std::move(connection);
  // Under statement_timeout or another search_path the questions stay the same.
  std::string messages;
  wire::AppendParse(kStatementName, kSampleSql, {}, &messages);
  wire::AppendSync(&messages);
  auto prepared = co_await connection_->RunMessages(messages, deadline);
  if (!prepared.ok()) co_return prepared.status();
  auto facts = co_await connection_->Run(std::string(kFactsSql), deadline);
  if (!facts.ok()) co_return facts.status();
  if (facts->rows.size() != 1 || facts->rows[0].size() != 3) {
    co_return SqlError(sqlstate::kConnectionFailure,
                       options_.address.ToString() +
                           " does not say which database system it is");
  }
  system_id_ = ParseNumber<uint64_t>(facts->rows[0][0]);
  wal_segment_bytes_ = ParseNumber<uint64_t>(facts->rows[0][1]);
  past_timeline_ = ParseNumber<uint32_t>(facts->rows[0][2]);
  co_return OkStatus();
}

net::Task<Status> HostMonitor::TakeSample() {
  static const std::string* const kMessages = new std::string(SampleMessages());
  HostSample sample;
  sample.begun = reactor_->now();
  auto result = co_await connection_->RunMessages(
      *kMessages, reactor_->clock()->Now() + options_.timeout);
  if (!result.ok()) co_return result.status();
  if (result->rows.size() != 1 || result->rows[0].size() != 4) {
    co_return SqlError(sqlstate::kConnectionFailure,
                       options_.address.ToString() +
                           " gave an unexpected answer to its monitor");
  }
  const auto& row = result->rows[0];
  sample.in_recovery = row[0] == "t";
  sample.system_id = system_id_;
  sample.past_timeline = past_timeline_;
  sample.incarnation = connection_->incarnation;
  sample.lsn = row[1] ? ParseLsn(*row[1]).value_or(0) : 0;
  if (sample.in_recovery) {
    if (row[3]) {
      received_timeline_ = ParseNumber<uint32_t>(row[3]);
      received_incarnation_ = sample.incarnation;
    }
    if (received_incarnation_ == sample.incarnation) {
      sample.timeline = received_timeline_;
    }
  } else {
    sample.lsn = NormalizeLsn(sample.lsn, wal_segment_bytes_);
    sample.flush_lsn = row[2] ? ParseLsn(*row[2]).value_or(0) : 0;
    sample.timeline = ParseNumber<uint32_t>(row[3], 16);
    received_timeline_ = 0;
  }
  sample_ = sample;
  error_ = OkStatus();
  co_return OkStatus();
}

}  // namespace pgbraid::pool
