#include "sql/standby_functions.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace pgbraid::sql {
namespace {

using Names = absl::flat_hash_set<absl::string_view>;

bool Has(const Names& names, std::string_view name) {
  return names.contains(absl::string_view(name.data(), name.size()));
}

// Stable, and decided by arguments and the session's settings alone.
const Names& SettingsOnly() {
  static const Names* const names = new Names{"anytextcat",
                                              "array_to_json",
                                              "array_to_string",
                                              "concat",
                                              "concat_ws",
                                              "convert",
                                              "convert_from",
                                              "convert_to",
                                              "current_schema",
                                              "current_schemas",
                                              "date",
                                              "date_part",
                                              "date_trunc",
                                              "enum_first",
                                              "enum_last",
                                              "enum_range",
                                              "extract",
                                              "format",
                                              "generate_series",
                                              "get_current_ts_config",
                                              "getdatabaseencoding",
                                              "in_range",
                                              "interval_pl_timestamptz",
                                              "json_build_array",
                                              "json_build_object",
                                              "json_populate_record",
                                              "json_populate_recordset",
                                              "json_to_record",
                                              "json_to_recordset",
                                              "json_to_tsvector",
                                              "jsonb_build_array",
                                              "jsonb_build_object",
                                              "jsonb_path_exists_tz",
                                              "jsonb_path_match_tz",
                                              "jsonb_path_query_array_tz",
                                              "jsonb_path_query_first_tz",
                                              "jsonb_path_query_tz",
                                              "jsonb_populate_record",
                                              "jsonb_populate_recordset",
                                              "jsonb_to_record",
                                              "jsonb_to_recordset",
                                              "jsonb_to_tsvector",
                                              "length",
                                              "make_timestamptz",
                                              "money",
                                              "numeric",
                                              "overlaps",
                                              "pg_client_encoding",
                                              "phraseto_tsquery",
                                              "plainto_tsquery",
                                              "quote_literal",
                                              "quote_nullable",
                                              "row_to_json",
                                              "textanycat",
                                              "time",
                                              "timestamp",
                                              "timestamptz",
                                              "timestamptz_mi_interval",
                                              "timestamptz_pl_interval",
                                              "timetz",
                                              "timezone",
                                              "to_char",
                                              "to_date",
                                              "to_json",
                                              "to_jsonb",
                                              "to_number",
                                              "to_timestamp",
                                              "to_tsquery",
                                              "to_tsvector",
                                              "ts_headline",
                                              "ts_match_tq",
                                              "ts_match_tt",
                                              "websearch_to_tsquery",
                                              "xml",
                                              "xml_is_well_formed"};
  return *names;
}

// Stable: the clock, the connection, the user.
const Names& StableOfSession() {
  static const Names* const names = new Names{"age",
                                              "current_database",
                                              "current_user",
                                              "getpgusername",
                                              "inet_client_addr",
                                              "inet_client_port",
                                              "inet_server_addr",
                                              "inet_server_port",
                                              "now",
                                              "pg_typeof",
                                              "session_user",
                                              "statement_timestamp",
                                              "transaction_timestamp",
                                              "version"};
  return *names;
}

// Volatile, and yet the same as far as anybody can tell.
const Names& SafeVolatile() {
  static const Names* const names = new Names{
      "clock_timestamp", "gen_random_uuid", "pg_jit_available", "pg_sleep",
      "pg_sleep_for",    "pg_sleep_until",  "random",           "timeofday"};
  return *names;
}

// Immutable by pg_proc, but asking for what recovery refuses, for the
// catalogs, or meant for the server's own use.
const Names& UnsafeImmutable() {
  static const Names* const names = new Names{"pg_indexam_progress_phasename",
                                              "pg_partition_root",
                                              "pg_walfile_name",
                                              "pg_walfile_name_offset",
                                              "postgresql_fdw_validator",
                                              "satisfies_hash_partition"};
  return *names;
}

const Names& VolatileReaders() {
  static const Names* const names = new Names{"currval",
                                              "lastval",
                                              "lo_get",
                                              "pg_backend_pid",
                                              "pg_blocking_pids",
                                              "pg_current_logfile",
                                              "pg_current_wal_flush_lsn",
                                              "pg_current_wal_insert_lsn",
                                              "pg_current_wal_lsn",
                                              "pg_database_size",
                                              "pg_indexes_size",
                                              "pg_is_in_recovery",
                                              "pg_last_wal_receive_lsn",
                                              "pg_last_wal_replay_lsn",
                                              "pg_last_xact_replay_timestamp",
                                              "pg_lock_status",
                                              "pg_partition_ancestors",
                                              "pg_partition_tree",
                                              "pg_relation_size",
                                              "pg_sequence_last_value",
                                              "pg_table_size",
                                              "pg_tablespace_size",
                                              "pg_total_relation_size",
                                              "pg_xact_status",
                                              "pg_xact_commit_timestamp",
                                              "txid_status"};
  return *names;
}

}  // namespace

bool RunsOnStandby(const Function& function) {
  switch (function.volatility) {
    case 'i':
      return !Has(UnsafeImmutable(), function.name);
    case 's':
      return Has(SettingsOnly(), function.name) ||
             Has(StableOfSession(), function.name);
    default:
      return Has(SafeVolatile(), function.name);
  }
}

bool OnlyReads(const Function& function) {
  if (RunsOnStandby(function)) return true;
  switch (function.volatility) {
    case 'i':
      return true;
    case 's':
      // Giving a transaction its id is a write.
      return function.name != "txid_current" &&
             function.name != "pg_current_xact_id";
    default:
      return Has(VolatileReaders(), function.name);
  }
}

bool IsSameOnAllHosts(const Function& function) {
  if (function.volatility == 'i') return RunsOnStandby(function);
  return function.volatility == 's' && Has(SettingsOnly(), function.name);
}

bool ReachesRelations(std::string_view name) {
  static const Names* const names = new Names{"query_to_xml",
                                              "query_to_xmlschema",
                                              "query_to_xml_and_xmlschema",
                                              "cursor_to_xml",
                                              "cursor_to_xmlschema",
                                              "table_to_xml",
                                              "table_to_xmlschema",
                                              "table_to_xml_and_xmlschema",
                                              "schema_to_xml",
                                              "schema_to_xmlschema",
                                              "schema_to_xml_and_xmlschema",
                                              "database_to_xml",
                                              "database_to_xmlschema",
                                              "database_to_xml_and_xmlschema",
                                              "ts_stat",
                                              "ts_rewrite",
                                              "lo_get",
                                              "lo_export",
                                              "pg_relation_size",
                                              "pg_table_size",
                                              "pg_total_relation_size",
                                              "pg_indexes_size",
                                              "currtid2"};
  return Has(*names, name);
}

bool NamesSequence(std::string_view name) {
  return name == "nextval" || name == "currval" || name == "setval" ||
         name == "pg_sequence_last_value";
}

Pin PinOf(std::string_view name) {
  if (name == "pg_advisory_lock" || name == "pg_advisory_lock_shared" ||
      name == "pg_try_advisory_lock" || name == "pg_try_advisory_lock_shared") {
    return Pin::kAdvisoryLock;
  }
  if (name == "lo_open") return Pin::kLargeObject;
  if (name == "setseed") return Pin::kRandomSeed;
  return Pin::kNone;
}

bool Unpins(std::string_view name) {
  return name == "pg_advisory_unlock" || name == "pg_advisory_unlock_all" ||
         name == "pg_advisory_unlock_shared" || name == "lo_close";
}

}  // namespace pgbraid::sql
