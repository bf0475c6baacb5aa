// libpq itself: what its users do beyond PQexec().

#include <libpq-fe.h>
#include <libpq/libpq-fs.h>
#include <poll.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

const std::string lane = std::getenv("LANE");
bool ok = true;

void Print() { std::cout << std::endl; }
template <typename First, typename... Rest>
void Print(const First& first, const Rest&... rest) {
  std::cout << first << " ";
  Print(rest...);
}

std::string Options() {
  return "options='-c search_path=" + lane + "' application_name=libpq";
}

// The result's status, its rows or its error.
void PrintResult(PGresult* result) {
  ExecStatusType status = PQresultStatus(result);
  std::cout << PQresStatus(status) << " " << PQcmdStatus(result) << " ";
  if (status == PGRES_FATAL_ERROR) {
    std::cout << PQresultErrorField(result, PG_DIAG_SQLSTATE) << " "
              << PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  }
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < PQnfields(result); ++column) {
      if (PQgetisnull(result, row, column) != 0) {
        std::cout << "NULL|";
      } else if (PQfformat(result, column) == 0) {
        std::cout << PQgetvalue(result, row, column) << "|";
      } else {
        for (int i = 0; i < PQgetlength(result, row, column); ++i) {
          std::cout << (PQgetvalue(result, row, column)[i] & 0xff) << ".";
        }
        std::cout << "|";
      }
    }
  }
  Print();
  PQclear(result);
}

// A connection, closed at its end.
class Connection {
 public:
  explicit Connection(const std::string& options = Options())
      : connection_(PQconnectdb(options.c_str())) {
    PQsetNoticeProcessor(
        connection_, [](void*, const char* text) { std::cout << text; },
        nullptr);
  }
  ~Connection() { PQfinish(connection_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  PGconn* get() { return connection_; }
  void Run(const char* text) { PrintResult(PQexec(connection_, text)); }
  void Run(const std::string& text) { Run(text.c_str()); }
  // With one text parameter, and the result in `format`.
  void RunWith(const char* text, const char* value, int format = 0) {
    PrintResult(PQexecParams(connection_, text, 1, nullptr, &value, nullptr,
                             nullptr, format));
  }
  void RunPrepared(const char* name, const char* value) {
    PrintResult(
        PQexecPrepared(connection_, name, 1, &value, nullptr, nullptr, 0));
  }
  void PrintAll() {
    while (PGresult* result = PQgetResult(connection_)) PrintResult(result);
  }

 private:
  PGconn* connection_;
};

void Connecting() {
  Connection connection;
  connection.Run("SET client_min_messages TO warning; DROP SCHEMA IF EXISTS " +
                 lane + " CASCADE; CREATE SCHEMA " + lane);
  for (const char* name :
       {"server_version", "server_encoding", "client_encoding",
        "application_name", "default_transaction_read_only", "in_hot_standby",
        "is_superuser", "session_authorization", "DateStyle", "IntervalStyle",
        "TimeZone", "integer_datetimes", "standard_conforming_strings"}) {
    const char* value = PQparameterStatus(connection.get(), name);
    Print(name, value == nullptr ? "NULL" : value);
  }
  Print(PQprotocolVersion(connection.get()), PQserverVersion(connection.get()),
        PQconnectionNeedsPassword(connection.get()) != 0);
  for (const char* session :
       {"any", "read-write", "primary", "prefer-standby"}) {
    Connection other(std::string("target_session_attrs=") + session);
    Print(session, PQstatus(other.get()) == CONNECTION_OK);
  }
  for (const char* wrong : {"password=wrong", "dbname=nowhere"}) {
    Connection other(wrong);
    std::string text = PQerrorMessage(other.get());
    size_t from = text.rfind("failed: ") + 8;
    Print(text.substr(from, text.find('\n', from) - from));
  }
  PQreset(connection.get());
  connection.Run("SHOW search_path");
}

void Polling() {
  std::string options = Options();
  PGconn* connection = PQconnectStart(options.c_str());
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
    short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    pollfd socket = {PQsocket(connection), events, 0};
    poll(&socket, 1, 5000);
    status = PQconnectPoll(connection);
  }
  Print(status == PGRES_POLLING_OK);
  PQsetnonblocking(connection, 1);
  PQsendQuery(connection, "SELECT 1; SELECT 2");
  while (PQflush(connection) == 1) {
  }
  while (PGresult* result = PQgetResult(connection)) PrintResult(result);
  PQfinish(connection);
}

void Extended() {
  Connection connection;
  connection.RunWith("SELECT $1::int + 1, NULL", "41");
  connection.RunWith("SELECT $1::int + 1, 1.5::numeric", "41", 1);
  connection.Run("CREATE TABLE p (a int PRIMARY KEY, b text)");
  PrintResult(PQprepare(connection.get(), "put",
                        "INSERT INTO p VALUES ($1, 'x')", 0, nullptr));
  PrintResult(PQprepare(connection.get(), "get", "SELECT * FROM p WHERE a = $1",
                        0, nullptr));
  for (const char* key : {"1", "2", "3", "4", "5", "6", "7", "7"}) {
    connection.RunPrepared("put", key);
    connection.RunPrepared("get", key);
  }
  PGresult* described = PQdescribePrepared(connection.get(), "get");
  Print(PQnparams(described), PQparamtype(described, 0), PQnfields(described),
        PQfname(described, 1), PQftype(described, 1),
        PQftablecol(described, 1));
  PQclear(described);
  PrintResult(PQprepare(connection.get(), "get", "SELECT 1", 0, nullptr));
  PrintResult(
      PQprepare(connection.get(), "bad", "SELECT nonsense", 0, nullptr));
  connection.RunPrepared("unknown", "1");
  PrintResult(PQprepare(connection.get(), "", "SELECT $1::text", 0, nullptr));
  connection.RunPrepared("", "unnamed");
  connection.RunPrepared("", "again");
  connection.Run("BEGIN; DECLARE c CURSOR FOR SELECT * FROM p ORDER BY a");
  PrintResult(PQdescribePortal(connection.get(), "c"));
  connection.Run("FETCH 2 FROM c");
  connection.Run("COMMIT");
}

void SingleRows() {
  Connection connection;
  PQsendQuery(connection.get(), "SELECT g FROM generate_series(1, 5) g");
  PQsetSingleRowMode(connection.get());
  connection.PrintAll();
  PQsendQuery(connection.get(),
              "SELECT 10 / (3 - g) FROM generate_series(1, 5) g");
  PQsetSingleRowMode(connection.get());
  connection.PrintAll();
}

void Send(Connection* connection, const char* text, const char* value) {
  ok &= PQsendQueryParams(connection->get(), text, 1, nullptr, &value, nullptr,
                          nullptr, 0) == 1;
}

void Pipelines() {
  Connection connection;
  connection.Run("CREATE TABLE l (a int PRIMARY KEY)");
  PQenterPipelineMode(connection.get());
  Send(&connection, "INSERT INTO l VALUES ($1) RETURNING a", "1");
  Send(&connection, "INSERT INTO l VALUES ($1)", "2");
  PQpipelineSync(connection.get());
  Send(&connection, "INSERT INTO l VALUES ($1)", "3");
  Send(&connection, "INSERT INTO l VALUES ($1)", "1");
  Send(&connection, "INSERT INTO l VALUES ($1)", "4");
  PQpipelineSync(connection.get());
  PQsendPrepare(connection.get(), "all", "SELECT count(*) FROM l WHERE a <> $1",
                0, nullptr);
  const char* none = "0";
  PQsendQueryPrepared(connection.get(), "all", 1, &none, nullptr, nullptr, 0);
  PQsendFlushRequest(connection.get());
  PQflush(connection.get());
  int syncs = 0;
  int results = 0;
  while (syncs < 2) {
    PGresult* result = PQgetResult(connection.get());
    if (result == nullptr) continue;
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) ++syncs;
    PrintResult(result);
  }
  while (results < 2) {  // answered without a Sync
    PGresult* result = PQgetResult(connection.get());
    if (result == nullptr) continue;
    ++results;
    PrintResult(result);
  }
  PQpipelineSync(connection.get());
  while (syncs < 3) {
    PGresult* result = PQgetResult(connection.get());
    if (result == nullptr) continue;
    ++syncs;
    PrintResult(result);
  }
  Print(PQexitPipelineMode(connection.get()));
}

void LongPipeline() {
  Connection connection;
  constexpr int kStatements = 3000;
  PQenterPipelineMode(connection.get());
  PQsetnonblocking(connection.get(), 1);
  int sent = 0;
  int received = 0;
  long sum = 0;
  while (received < kStatements) {
    for (; sent < kStatements && sent - received < 1000; ++sent) {
      std::string value = std::to_string(sent);
      Send(&connection, "SELECT $1::int", value.c_str());
      if (sent % 10 == 9) PQpipelineSync(connection.get());
    }
    PQflush(connection.get());
    pollfd socket = {PQsocket(connection.get()), POLLIN, 0};
    poll(&socket, 1, 5000);
    PQconsumeInput(connection.get());
    while (PQisBusy(connection.get()) == 0) {
      PGresult* result = PQgetResult(connection.get());
      if (result == nullptr) {
        if (received == sent) break;
        continue;
      }
      if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        sum += std::atol(PQgetvalue(result, 0, 0));
        ++received;
      }
      PQclear(result);
    }
  }
  Print(received, sum);
}

void Copying() {
  Connection connection;
  connection.Run("CREATE TABLE c (a int, b text)");
  connection.Run("COPY c FROM STDIN");
  for (int i = 0; i < 3000; ++i) {
    std::string line = std::to_string(i) + "\tline\n";
    PQputCopyData(connection.get(), line.data(), static_cast<int>(line.size()));
  }
  PQputCopyEnd(connection.get(), nullptr);
  connection.PrintAll();
  connection.Run("COPY c FROM STDIN");
  PQputCopyEnd(connection.get(), "my own reason");
  connection.PrintAll();
  connection.Run("COPY c FROM STDIN");
  PQputCopyData(connection.get(), "x\n", 2);
  PQputCopyEnd(connection.get(), nullptr);
  connection.PrintAll();
  const char* text = "COPY (SELECT * FROM c WHERE a < 3 ORDER BY a) TO STDOUT";
  PrintResult(PQexecParams(connection.get(), text, 0, nullptr, nullptr, nullptr,
                           nullptr, 0));
  char* line = nullptr;
  while (PQgetCopyData(connection.get(), &line, 0) > 0) {
    std::cout << line;
    PQfreemem(line);
  }
  connection.PrintAll();
  connection.Run("SELECT count(*) FROM c");
}

void Canceling() {
  Connection connection;
  PGcancel* cancel = PQgetCancel(connection.get());
  PQsendQuery(connection.get(), "SELECT pg_sleep(30)");
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  char error[256];
  Print(PQcancel(cancel, error, sizeof error));
  connection.PrintAll();
  PQfreeCancel(cancel);
  connection.Run("SELECT 1");
}

void Functions() {
  Connection connection;
  int value = 0;
  int length = 0;
  PQArgBlock arguments[2];
  for (int i = 0; i < 2; ++i) {
    arguments[i].isint = 1;
    arguments[i].len = 4;
    arguments[i].u.integer = 20 + i;
  }
  constexpr int kInt4Plus = 177;
  PrintResult(
      PQfn(connection.get(), kInt4Plus, &value, &length, 1, arguments, 2));
  Print(value, length);
  arguments[0].u.integer = 2147483647;
  PrintResult(
      PQfn(connection.get(), kInt4Plus, &value, &length, 1, arguments, 2));
  connection.Run("BEGIN");
  Oid oid = lo_creat(connection.get(), INV_READ | INV_WRITE);
  int object = lo_open(connection.get(), oid, INV_READ | INV_WRITE);
  Print(lo_write(connection.get(), object, "0123456789", 10));
  Print(lo_lseek(connection.get(), object, 3, SEEK_SET));
  char part[5] = {};
  int read = lo_read(connection.get(), object, part, 4);
  Print(read, part, lo_tell(connection.get(), object));
  int closed = lo_close(connection.get(), object);
  Print(closed, lo_unlink(connection.get(), oid));
  connection.Run("COMMIT");
}

void Notifications() {
  Connection listener;
  Connection speaker;
  listener.Run("LISTEN news_" + lane);
  speaker.Run("NOTIFY news_" + lane + ", 'first'");
  speaker.RunWith(("SELECT pg_notify('news_" + lane + "', $1)").c_str(),
                  "second");
  for (int heard = 0; heard < 2;) {
    pollfd socket = {PQsocket(listener.get()), POLLIN, 0};
    poll(&socket, 1, 5000);
    PQconsumeInput(listener.get());
    while (PGnotify* notify = PQnotifies(listener.get())) {
      Print(notify->relname, notify->extra);
      PQfreemem(notify);
      ++heard;
    }
  }
}

struct Step {
  const char* name;
  void (*run)();
};

void ByKey() {
  Connection connection;
  const char* insert = "INSERT INTO items VALUES ($1, 'item')";
  for (int i = 0; i < 20; ++i) {
    connection.RunWith(insert, std::to_string(i).c_str());
  }
  PrintResult(PQprepare(connection.get(), "get",
                        "SELECT * FROM items WHERE id = $1", 0, nullptr));
  for (int i = 0; i < 20; ++i) {
    connection.RunPrepared("get", std::to_string(i).c_str());
  }
}

void Scattered() {
  Connection connection;
  for (int i = 0; i < 8; ++i) {
    std::string name = "item " + std::to_string(i);
    const char* value = name.c_str();
    PGresult* result =
        PQexecParams(connection.get(), "SELECT id FROM items WHERE name <> $1",
                     1, nullptr, &value, nullptr, nullptr, 0);
    Print(PQresStatus(PQresultStatus(result)), PQntuples(result));
    PQclear(result);
  }
}

void OnOneShard() {
  Connection connection;
  PQenterPipelineMode(connection.get());
  for (int i = 0; i < 4; ++i) {
    Send(&connection, "SELECT name FROM items WHERE id = $1", "5");
  }
  PQpipelineSync(connection.get());
  for (int syncs = 0; syncs < 1;) {
    PGresult* result = PQgetResult(connection.get());
    if (result == nullptr) continue;
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) ++syncs;
    PrintResult(result);
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<Step> session = {
      {"connecting", Connecting}, {"polling", Polling},
      {"extended", Extended},     {"single_rows", SingleRows},
      {"pipelines", Pipelines},   {"long_pipeline", LongPipeline},
      {"copying", Copying},       {"canceling", Canceling},
      {"functions", Functions},   {"notifications", Notifications}};
  const std::vector<Step> sharded = {{"by_key", ByKey},
                                     {"scattered", Scattered},
                                     {"on_one_shard", OnOneShard}};
  bool over_shards = count > 1 && std::strcmp(arguments[1], "sharded") == 0;
  for (const Step& step : over_shards ? sharded : session) {
    std::cout << "== " << step.name << std::endl;
    step.run();
  }
  return ok ? 0 : 1;
}
