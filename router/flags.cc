#include "router/flags.h"

#include <gflags/gflags.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

// clang-format off
DEFINE_string(listen, "127.0.0.1:6432", "address and port to listen on; a folder for a Unix socket: /run/pgbraid:6432");
DEFINE_string(database, "", "the database name that clients connect to; empty: any, passed on");
DEFINE_string(shards, "", "the shards and their hosts: \"s0=host:port/db,host:port/db; s1=...\"");
DEFINE_string(tables, "", "how tables are split: \"orders:hash(customer_id), countries:reference\"");
DEFINE_string(auth, "trust", "how clients prove who they are: trust, scram-sha-256");
DEFINE_string(auth_file, "", "user list of the clients (PgBouncer's format)");
DEFINE_string(client_tls, "", "TLS towards clients: disable, allow, require; allow if there is a certificate");
DEFINE_string(tls_cert_file, "", "the certificate shown to clients, and its chain (PEM)");
DEFINE_string(tls_key_file, "", "its key (PEM)");
DEFINE_string(server_user, "", "user to log in to servers with; empty: the client's");
DEFINE_string(server_password_file, "", "user list with the passwords for servers");
DEFINE_string(server_tls, "prefer", "TLS towards servers: disable, prefer, require, verify-ca, verify-full; never on Unix sockets");
DEFINE_string(server_tls_ca_file, "", "the certificates trusted by verify-ca and verify-full (PEM); empty: the system's");
DEFINE_string(pool_mode, "transaction", "how long a client keeps a server connection: transaction, session");
DEFINE_int32(pool_size, 20, "server connections to one host, over all threads");
DEFINE_int32(max_replication_connections, 10, "replication connections, each with one of its own to a primary, beside --pool_size; 0: none");
DEFINE_int32(threads, 0, "reactors; 0: one a core (never more than --pool_size)");
DEFINE_string(io, "auto", "how the kernel is asked: auto, epoll");
DEFINE_string(consistency, "session", "what reads must see: session, eventual, strong");
DEFINE_string(max_replica_lag, "1s", "a standby further behind than this serves nobody");
DEFINE_string(freshness_wait, "10ms", "how long a read waits for a standby before it takes the primary");
DEFINE_string(catalog_wait, "1s", "how long a read waits for the catalogs to be read after DDL before it takes the primary");
DEFINE_string(monitor_interval, "200ms", "how often each host is asked for its role and position");
DEFINE_string(monitor_user, "", "user that asks them, member of pg_monitor; empty: --server_user, or postgres");
DEFINE_string(monitor_database, "postgres", "database to ask in, where a shard names none");
DEFINE_string(connect_timeout, "2s", "for connecting and logging in to a server");
DEFINE_string(checkout_timeout, "5s", "how long a client waits for a server connection");
DEFINE_int32(max_prepared_statements, 500, "prepared statements kept on one server connection");
DEFINE_string(max_query_size, "256MB", "largest text of a query that is taken; up to 1GB, as in PostgreSQL");
DEFINE_int32(notification_backlog, 16777216, "bytes of notifications that may wait for one client; more end its session");
DEFINE_bool(allow_hints, false, "obey leading comments: /* pgbraid: shard=s1 */");
DEFINE_bool(log_pins, false, "log when a session begins and ends to keep its server connection, and why");
DEFINE_bool(log_routes, false, "log each statement with the way it goes");
DEFINE_string(standby_functions, "", "functions declared safe on a standby, by name or schema.name, separated by commas");
DEFINE_string(primary_functions, "", "functions that must run on the primary");
// clang-format on

namespace pgbraid::router {
namespace {

constexpr std::string_view kOwnFlags[] = {"listen",
                                          "database",
                                          "shards",
                                          "tables",
                                          "auth",
                                          "auth_file",
                                          "client_tls",
                                          "tls_cert_file",
                                          "tls_key_file",
                                          "server_user",
                                          "server_password_file",
                                          "server_tls",
                                          "server_tls_ca_file",
                                          "pool_mode",
                                          "pool_size",
                                          "max_replication_connections",
                                          "threads",
                                          "io",
                                          "consistency",
                                          "max_replica_lag",
                                          "freshness_wait",
                                          "catalog_wait",
                                          "monitor_interval",
                                          "monitor_user",
                                          "monitor_database",
                                          "connect_timeout",
                                          "checkout_timeout",
                                          "max_prepared_statements",
                                          "max_query_size",
                                          "notification_backlog",
                                          "allow_hints",
                                          "log_pins",
                                          "log_routes",
                                          "standby_functions",
                                          "primary_functions"};

Status BadFlag(std::string_view flag, const std::string& value,
               std::string_view expected) {
  return SqlError(sqlstate::kInvalidParameterValue,
                  "--" + std::string(flag) + "=" + value + ": expected " +
                      std::string(expected));
}

void PrintHelp() {
  std::cout << "pgbraid: a sharding and read-replica router for PostgreSQL\n\n"
               "  pgbraid --shards=\"s0=10.0.0.1:5432/app,10.0.0.2:5432/app\"\n"
               "\nlistens on 127.0.0.1:6432, sends writes to the host that is "
               "the primary and reads to a\nstandby that is fresh enough. Two "
               "shards and split tables:\n\n"
               "  pgbraid --database=app \\\n"
               "    --shards=\"s0=10.0.0.1:5432/app,10.0.0.2:5432/app; "
               "s1=10.0.0.3:5432/app\" \\\n"
               "    --tables=\"customers:hash(id), orders:hash(customer_id), "
               "countries:reference,\n"
               "              events:time(created_at, 1 month)\"\n\n"
               "How a table is split:\n"
               "  t:hash(col[, col...])                           PostgreSQL's "
               "hash partition number\n"
               "  t:list(col; 'eu','uk' = s0; 'us' = s1; default = s2)\n"
               "  t:range(col; < 1000 = s0; < 5000 = s1; * = s2)\n"
               "  t:time(col, 1 month)                            N day, week, "
               "month, year; in turn\n"
               "  t:reference     t:shard(s0)                     on every "
               "shard; on one\n\n"
               "Flags (--flagfile=FILE reads them from a file, one a line):\n";
  for (std::string_view name : kOwnFlags) {
    gflags::CommandLineFlagInfo info;
    if (!gflags::GetCommandLineFlagInfo(std::string(name).c_str(), &info)) {
      continue;
    }
    std::string left = "  --" + info.name + "=" + info.default_value;
    if (left.size() < 34) left.resize(34, ' ');
    std::cout << left << "  " << info.description << "\n";
  }
}

// Sets one flag from "--name=value", "--name" (booleans), "--noname".
Status SetFlag(std::string_view argument, const std::string& place) {
  std::string_view rest = argument;
  rest.remove_prefix(rest.starts_with("--") ? 2 : 1);
  size_t equals = rest.find('=');
  std::string name(rest.substr(0, equals));
  std::string value = equals == std::string_view::npos
                          ? "true"
                          : std::string(rest.substr(equals + 1));
  std::replace(name.begin(), name.end(), '-', '_');
  bool known = std::find(std::begin(kOwnFlags), std::end(kOwnFlags), name) !=
               std::end(kOwnFlags);
  if (!known && name.starts_with("no") && equals == std::string_view::npos) {
    name = name.substr(2);
    value = "false";
    known = std::find(std::begin(kOwnFlags), std::end(kOwnFlags), name) !=
            std::end(kOwnFlags);
  }
  gflags::CommandLineFlagInfo info;
  if (!known || !gflags::GetCommandLineFlagInfo(name.c_str(), &info)) {
    return SqlError(sqlstate::kInvalidParameterValue,
                    place + "unknown flag \"" + std::string(argument) + "\"",
                    "", "--help lists the flags there are.");
  }
  if (equals == std::string_view::npos && info.type != "bool") {
    return SqlError(
        sqlstate::kInvalidParameterValue,
        place + "--" + name + " needs a value: expected --" + name + "=VALUE");
  }
  if (gflags::SetCommandLineOption(name.c_str(), value.c_str()).empty()) {
    return SqlError(sqlstate::kInvalidParameterValue,
                    place + "--" + name + "=" + value + ": expected " +
                        (info.type == "int32"  ? "a whole number"
                         : info.type == "bool" ? "true or false"
                                               : "a " + info.type));
  }
  return OkStatus();
}

// One flag a line; blank lines and lines that begin with '#' are passed over.
Status ReadFlagFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return BadFlag("flagfile", path, "a file that can be read");
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos || line[begin] == '#') continue;
    std::string flag =
        line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
    std::string place = path + ", line " + std::to_string(number) + ": ";
    if (flag[0] != '-') {
      return SqlError(sqlstate::kInvalidParameterValue,
                      place + "expected --flag=value, found \"" + flag + "\"");
    }
    PGB_RETURN_IF_ERROR(SetFlag(flag, place));
  }
  return OkStatus();
}

StatusOr<wire::UserList> ReadUserList(std::string_view flag,
                                      const std::string& path) {
  if (path.empty()) return wire::UserList();
  std::ifstream file(path);
  if (!file) return BadFlag(flag, path, "a file that can be read");
  std::stringstream content;
  content << file.rdbuf();
  auto list = wire::UserList::Parse(content.str());
  if (!list.ok()) return BadFlag(flag, path, MessageOf(list.status()));
  return list;
}

void AddNames(const std::string& text, absl::flat_hash_set<std::string>* set) {
  std::stringstream stream(text);
  std::string name;
  while (std::getline(stream, name, ',')) {
    size_t begin = name.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    set->insert(name.substr(begin, name.find_last_not_of(' ') - begin + 1));
  }
}

Status ReadChoices(RouterOptions* options) {
  if (FLAGS_auth == "scram-sha-256") {
    options->auth = AuthMethod::kScramSha256;
    if (FLAGS_auth_file.empty()) {
      return BadFlag("auth", FLAGS_auth,
                     "--auth_file with the users' passwords beside it");
    }
  } else if (FLAGS_auth != "trust") {
    return BadFlag("auth", FLAGS_auth, "trust or scram-sha-256");
  }
  if (FLAGS_pool_mode == "session") {
    options->pool_mode = PoolMode::kSession;
  } else if (FLAGS_pool_mode != "transaction") {
    return BadFlag("pool_mode", FLAGS_pool_mode, "transaction or session");
  }
  if (FLAGS_consistency == "eventual") {
    options->consistency = pool::Consistency::kEventual;
  } else if (FLAGS_consistency == "strong") {
    options->consistency = pool::Consistency::kStrong;
  } else if (FLAGS_consistency != "session") {
    return BadFlag("consistency", FLAGS_consistency,
                   "session, eventual or strong");
  }
  if (FLAGS_io != "auto" && FLAGS_io != "epoll") {
    return BadFlag("io", FLAGS_io, "auto or epoll");
  }
  return OkStatus();
}

Status ReadTls(RouterOptions* options) {
  bool given = !FLAGS_tls_cert_file.empty() || !FLAGS_tls_key_file.empty();
  std::string mode = FLAGS_client_tls;
  if (mode.empty()) mode = given ? "allow" : "disable";
  if (mode != "disable" && mode != "allow" && mode != "require") {
    return BadFlag("client_tls", FLAGS_client_tls, "disable, allow or require");
  }
  if (mode == "disable") return OkStatus();
  if (FLAGS_tls_cert_file.empty() || FLAGS_tls_key_file.empty()) {
    return BadFlag("client_tls", mode,
                   "--tls_cert_file and --tls_key_file beside it");
  }
  PGB_ASSIGN_OR_RETURN(options->tls, net::TlsContext::Load(FLAGS_tls_cert_file,
                                                           FLAGS_tls_key_file));
  options->require_tls = mode == "require";
  return OkStatus();
}

Status ReadNumbers(RouterOptions* options) {
  if (FLAGS_pool_size < 1 || FLAGS_pool_size > 10000) {
    return BadFlag("pool_size", std::to_string(FLAGS_pool_size),
                   "a number from 1 to 10000");
  }
  if (FLAGS_threads < 0 || FLAGS_threads > 256) {
    return BadFlag("threads", std::to_string(FLAGS_threads),
                   "a number from 0 to 256");
  }
  if (FLAGS_max_prepared_statements < 1) {
    return BadFlag("max_prepared_statements",
                   std::to_string(FLAGS_max_prepared_statements),
                   "a number from 1 on");
  }
  if (FLAGS_max_replication_connections < 0) {
    return BadFlag("max_replication_connections",
                   std::to_string(FLAGS_max_replication_connections),
                   "a number from 0 on");
  }
  options->pool_size = FLAGS_pool_size;
  options->max_replication_connections = FLAGS_max_replication_connections;
  int cores =
      std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  options->threads = FLAGS_threads == 0 ? std::min(cores, 256) : FLAGS_threads;
  // Each thread has to have a connection of its own to each host.
  options->threads = std::min(options->threads, options->pool_size);
  options->max_prepared = FLAGS_max_prepared_statements;
  if (FLAGS_notification_backlog < 65536) {
    return BadFlag("notification_backlog",
                   std::to_string(FLAGS_notification_backlog),
                   "a number of bytes from 65536 on");
  }
  options->notification_backlog =
      static_cast<size_t>(FLAGS_notification_backlog);
  struct {
    std::string_view flag;
    const std::string& text;
    Duration* value;
  } durations[] = {
      {"max_replica_lag", FLAGS_max_replica_lag, &options->max_replica_lag},
      {"freshness_wait", FLAGS_freshness_wait, &options->freshness_wait},
      {"catalog_wait", FLAGS_catalog_wait, &options->catalog_wait},
      {"monitor_interval", FLAGS_monitor_interval, &options->monitor_interval},
      {"connect_timeout", FLAGS_connect_timeout, &options->connect_timeout},
      {"checkout_timeout", FLAGS_checkout_timeout, &options->checkout_timeout},
  };
  for (auto& duration : durations) {
    PGB_ASSIGN_OR_RETURN(*duration.value,
                         ParseDuration(duration.flag, duration.text));
  }
  PGB_ASSIGN_OR_RETURN(options->max_query_size,
                       ParseSize("max_query_size", FLAGS_max_query_size));
  for (const auto& duration : durations) {
    bool waits = duration.flag == "connect_timeout" ||
                 duration.flag == "checkout_timeout";
    if (waits && *duration.value < std::chrono::milliseconds(1)) {
      return BadFlag(duration.flag, duration.text, "1ms or longer");
    }
  }
  if (options->monitor_interval < std::chrono::milliseconds(1)) {
    return BadFlag("monitor_interval", FLAGS_monitor_interval, "1ms or longer");
  }
  return OkStatus();
}

}  // namespace

StatusOr<Duration> ParseDuration(std::string_view flag, std::string_view text) {
  double number = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, text.data() + text.size() - end);
  double factor = unit == "ms"    ? 1e6
                  : unit == "us"  ? 1e3
                  : unit == "s"   ? 1e9
                  : unit == "min" ? 60e9
                  : unit == "h"   ? 3600e9
                                  : 0;
  if (number == 0 && unit.empty() && !text.empty()) factor = 1;
  // Not a number, and not in the range either, is what from_chars calls nan.
  bool in_range = number >= 0 && number * factor <= 1e18;
  if (error != std::errc() || factor == 0 || !in_range) {
    return BadFlag(flag, std::string(text),
                   "a duration such as 200ms, 1s or 5min");
  }
  return Duration(static_cast<int64_t>(number * factor));
}

StatusOr<size_t> ParseSize(std::string_view flag, std::string_view text) {
  size_t number = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, text.data() + text.size() - end);
  int shift = unit == "kB"   ? 10
              : unit == "MB" ? 20
              : unit == "GB" ? 30
              : unit == "B"  ? 0
                             : -1;
  constexpr size_t kMax = size_t{1} << 30;
  if (error != std::errc() || shift < 0 || number == 0 ||
      number > (kMax >> shift)) {
    return BadFlag(flag, std::string(text),
                   "a size up to 1GB such as 512kB, 64MB or 1GB");
  }
  return number << shift;
}

StatusOr<net::Address> ParseListenAddress(std::string_view text) {
  size_t colon = text.rfind(':');
  net::Address address;
  int port = -1;
  if (colon != std::string_view::npos) {
    std::string_view digits = text.substr(colon + 1);
    auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size()) port = -1;
    std::string_view host = text.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
      port = -1;
    }
    address.host = std::string(host);
  }
  if (port < 0 || port > 65535) {
    return BadFlag("listen", std::string(text),
                   "HOST:PORT, [IPV6]:PORT or /FOLDER:PORT");
  }
  address.port = port;
  return address;
}

StatusOr<Configuration> ReadFlags(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-help" || argument == "-h") {
      PrintHelp();
      std::exit(0);
    }
  }
  constexpr std::string_view kFlagFile = "--flagfile=";
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--version") {
      std::cout << "pgbraid 0.1\n";
      std::exit(0);
    }
    if (argument.size() < 2 || argument[0] != '-') {
      return SqlError(sqlstate::kInvalidParameterValue,
                      "unexpected argument \"" + std::string(argument) +
                          "\": expected flags only",
                      "", "A value with spaces needs quotes in the shell.");
    }
    if (argument.starts_with(kFlagFile)) {
      PGB_RETURN_IF_ERROR(
          ReadFlagFile(std::string(argument.substr(kFlagFile.size()))));
      continue;
    }
    PGB_RETURN_IF_ERROR(SetFlag(argument, ""));
  }
  if (FLAGS_shards.empty()) {
    return SqlError(
        sqlstate::kInvalidParameterValue,
        "--shards is missing: expected the shards and their hosts", "",
        "For example: --shards=\"s0=10.0.0.1:5432/app,10.0.0.2:5432/app\"; "
        "--help says more.");
  }
  RouterOptions options;
  PGB_ASSIGN_OR_RETURN(options.listen, ParseListenAddress(FLAGS_listen));
  options.database = FLAGS_database;
  PGB_RETURN_IF_ERROR(ReadChoices(&options));
  PGB_RETURN_IF_ERROR(ReadNumbers(&options));
  PGB_RETURN_IF_ERROR(ReadTls(&options));
  options.monitor_user = !FLAGS_monitor_user.empty()  ? FLAGS_monitor_user
                         : !FLAGS_server_user.empty() ? FLAGS_server_user
                                                      : "postgres";
  options.monitor_database = FLAGS_monitor_database;
  options.allow_hints = FLAGS_allow_hints;
  options.log_routes = FLAGS_log_routes;
  options.log_pins = FLAGS_log_pins;
  AddNames(FLAGS_standby_functions, &options.functions.standby_safe);
  AddNames(FLAGS_primary_functions, &options.functions.primary_only);
  PGB_ASSIGN_OR_RETURN(topology::ShardMap map,
                       topology::ShardMap::Parse(FLAGS_shards, FLAGS_tables));
  PGB_ASSIGN_OR_RETURN(wire::UserList clients,
                       ReadUserList("auth_file", FLAGS_auth_file));
  PGB_ASSIGN_OR_RETURN(
      wire::UserList servers,
      ReadUserList("server_password_file", FLAGS_server_password_file));
  auto tls = pool::ServerTls::Make(FLAGS_server_tls, FLAGS_server_tls_ca_file);
  if (!tls.ok()) {
    return SqlError(sqlstate::kInvalidParameterValue,
                    "--server_tls: " + MessageOf(tls.status()));
  }
  return Configuration{std::move(options), std::move(map),
                       pool::Credentials(FLAGS_server_user, std::move(servers),
                                         std::move(clients), *std::move(tls))};
}

}  // namespace pgbraid::router
