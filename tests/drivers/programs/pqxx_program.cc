// libpqxx, as its users use it: transactions, prepared statements, streams,
// cursors, pipelines.

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <pqxx/pqxx>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

const std::string lane = std::getenv("LANE");

void Print() { std::cout << std::endl; }
template <typename First, typename... Rest>
void Print(const First& first, const Rest&... rest) {
  std::cout << first << " ";
  Print(rest...);
}

std::string Options() { return "options='-c search_path=" + lane + "'"; }

void PrintRows(const pqxx::result& result) {
  for (const auto& row : result) {
    for (const auto& field : row) {
      std::cout << (field.is_null() ? "NULL" : field.c_str()) << "|";
    }
    Print();
  }
}

// What went wrong, in the words of the server.
void PrintError(const std::function<void()>& action) {
  try {
    action();
    Print("no error");
  } catch (const pqxx::sql_error& error) {
    std::string text = error.what();
    Print(error.sqlstate(), text.substr(0, text.find('\n')));
  }
}

void Connecting() {
  pqxx::connection connection(Options() + " application_name=pqxx");
  pqxx::nontransaction work(connection);
  work.exec0("DROP SCHEMA IF EXISTS " + lane + " CASCADE");
  work.exec0("CREATE SCHEMA " + lane);
  Print(connection.dbname(), connection.username(), connection.server_version(),
        connection.protocol_version());
  PrintRows(work.exec(
      "SELECT current_setting('application_name'), current_schemas(false)"));
  for (std::string wrong : {"password=wrong", "dbname=nowhere"}) {
    try {
      pqxx::connection other(wrong);
    } catch (const pqxx::broken_connection& error) {
      std::string text = error.what();
      size_t from = text.rfind("failed: ") + 8;
      Print(text.substr(from, text.find('\n', from) - from));
    }
  }
}

void Queries() {
  pqxx::connection connection(Options());
  pqxx::work work(connection);
  PrintRows(work.exec("SELECT 1, 'x', NULL"));
  PrintRows(work.exec_params("SELECT $1::int + $2, $3::text", 1, 2, "it's"));
  work.exec0("CREATE TABLE q (a int); INSERT INTO q VALUES (1), (2)");
  pqxx::result result = work.exec_params("UPDATE q SET a = a + $1", 1);
  Print(result.affected_rows(), result.query());
  result = work.exec("SELECT a, a::text AS b FROM q ORDER BY a");
  Print(result.columns(), result.column_name(1), result.column_type(0));
  PrintRows(result);
  Print(work.quote("it's"), work.quote_name("we\"ird"), work.esc("a\\b"));
  work.commit();
}

void Prepared() {
  pqxx::connection connection(Options());
  connection.prepare("put", "INSERT INTO p VALUES ($1, $2)");
  connection.prepare("get", "SELECT b FROM p WHERE a = $1");
  {
    pqxx::nontransaction work(connection);
    work.exec0("CREATE TABLE p (a int PRIMARY KEY, b text)");
  }
  for (int i = 0; i < 12; ++i) {
    pqxx::work work(connection);
    work.exec_prepared0("put", i, "row " + std::to_string(i));
    work.commit();
  }
  for (int i = 0; i < 12; ++i) {
    pqxx::read_transaction work(connection);
    Print(work.exec_prepared1("get", i)[0].as<std::string>());
  }
  connection.unprepare("get");
  PrintError([&] {
    pqxx::nontransaction work(connection);
    connection.prepare("bad", "SELECT nonsense");
    work.exec_prepared("bad");
  });
}

void Types() {
  pqxx::connection connection(Options());
  pqxx::work work(connection);
  work.exec0("CREATE TYPE mood AS ENUM ('sad', 'happy')");
  const std::pair<const char*, const char*> values[] = {
      {"int8", "4611686018427387904"},
      {"numeric", "12345.678900"},
      {"float8", "1.5e-300"},
      {"text", "naïve, ☃ and 𝄞"},
      {"timestamptz", "2020-02-29 12:00:00+00"},
      {"uuid", "00000000-0000-0000-0000-000000000007"},
      {"jsonb", "{\"a\": [1, null]}"},
      {"int[]", "{1,NULL,3}"},
      {"int4range", "[1,5)"},
      {"mood", "happy"}};
  for (const auto& [name, value] : values) {
    PrintRows(work.exec_params(std::string("SELECT $1::") + name, value));
  }
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  pqxx::row row = work.exec_params1("SELECT $1::bytea, $2::text",
                                    pqxx::binarystring(bytes), nullptr);
  Print(pqxx::binarystring(row[0]).str() == bytes, row[1].is_null());
  work.commit();
}

void Transactions() {
  pqxx::connection connection(Options());
  {
    pqxx::work work(connection);
    work.exec0("CREATE TABLE t (a int PRIMARY KEY)");
    work.exec0("INSERT INTO t VALUES (1)");
    work.commit();
  }
  {
    pqxx::work lost(connection);
    lost.exec0("INSERT INTO t VALUES (2)");
  }
  {
    pqxx::work work(connection);
    try {
      pqxx::subtransaction inner(work, "inner");
      inner.exec0("INSERT INTO t VALUES (1)");
      inner.commit();
    } catch (const pqxx::unique_violation& error) {
      Print(error.sqlstate());
    }
    work.exec0("INSERT INTO t VALUES (3)");
    work.commit();
  }
  {
    pqxx::transaction<pqxx::serializable, pqxx::read_only> work(connection);
    PrintRows(work.exec("SHOW transaction_isolation"));
    PrintError([&] { work.exec0("INSERT INTO t VALUES (9)"); });
  }
  pqxx::perform([&] {
    pqxx::robusttransaction<> work(connection);
    work.exec0("INSERT INTO t VALUES (4)");
    work.commit();
  });
  pqxx::nontransaction work(connection);
  PrintRows(work.exec("SELECT a FROM t ORDER BY a"));
}

void Errors() {
  pqxx::connection connection(Options());
  pqxx::nontransaction work(connection);
  work.exec0("CREATE TABLE e (a int NOT NULL CHECK (a > 0))");
  for (const char* text : {"SELECT nothing", "SELECT * FROM nowhere", "SELEC 1",
                           "SELECT 1/0", "INSERT INTO e VALUES (NULL)",
                           "INSERT INTO e VALUES (-1)", "SELECT 'x'::int"}) {
    PrintError([&] { work.exec(text); });
    PrintRows(work.exec("SELECT 1"));
  }
}

void Pipelines() {
  pqxx::connection connection(Options());
  pqxx::work work(connection);
  work.exec0("CREATE TABLE l (a int PRIMARY KEY)");
  {
    pqxx::pipeline pipeline(work);
    pipeline.retain(10);
    std::vector<pqxx::pipeline::query_id> ids;
    for (int i = 0; i < 20; ++i) {
      ids.push_back(pipeline.insert("INSERT INTO l VALUES (" +
                                    std::to_string(i) + ") RETURNING a"));
    }
    for (auto id : ids) std::cout << pipeline.retrieve(id)[0][0].as<int>();
    Print();
  }
  PrintError([&] {
    pqxx::pipeline pipeline(work);
    pipeline.retain(3);
    pipeline.insert("INSERT INTO l VALUES (100)");
    auto bad = pipeline.insert("INSERT INTO l VALUES (1)");
    pipeline.insert("INSERT INTO l VALUES (101)");
    pipeline.retrieve(bad);
  });
}

void Streams() {
  pqxx::connection connection(Options());
  pqxx::work work(connection);
  work.exec0("CREATE TABLE c (a int, b text)");
  {
    pqxx::stream_to stream(work, "c", std::vector<std::string>{"a", "b"});
    for (int i = 0; i < 2000; ++i) {
      stream << std::make_tuple(i, "row " + std::to_string(i));
    }
    stream.complete();
  }
  pqxx::stream_from stream(work, "c", std::vector<std::string>{"a", "b"});
  std::string line;
  size_t bytes = 0;
  while (stream.get_raw_line(line)) bytes += line.size();
  stream.complete();
  Print(bytes);
  work.commit();
}

void Cursors() {
  pqxx::connection connection(Options());
  pqxx::work work(connection);
  work.exec0("CREATE TABLE r AS SELECT g AS a FROM generate_series(1, 1000) g");
  using Cursor = pqxx::stateless_cursor<pqxx::cursor_base::read_only,
                                        pqxx::cursor_base::owned>;
  Cursor cursor(work, "SELECT a FROM r ORDER BY a", "named",
                true);  // WITH HOLD
  Print(cursor.size());
  PrintRows(cursor.retrieve(500, 503));
  work.commit();
  pqxx::work later(connection);
  pqxx::icursorstream stream(later, "SELECT a FROM r ORDER BY a", "streamed",
                             64);
  pqxx::result part;
  long sum = 0;
  while (stream >> part) {
    for (const auto& row : part) sum += row[0].as<int>();
  }
  Print(sum);
  PrintRows(cursor.retrieve(2, 0));
}

class Listener : public pqxx::notification_receiver {
 public:
  using pqxx::notification_receiver::notification_receiver;
  void operator()(const std::string& payload, int) override {
    Print(channel(), payload);
    ++heard;
  }
  int heard = 0;
};

void Notifications() {
  pqxx::connection connection(Options());
  pqxx::connection other(Options());
  Listener listener(connection, "news_" + lane);
  pqxx::nontransaction(other).exec0("NOTIFY news_" + lane + ", 'first'");
  pqxx::nontransaction(other).exec0("NOTIFY news_" + lane + ", 'second'");
  while (listener.heard < 2) connection.await_notification(5, 0);
}

void Canceling() {
  pqxx::connection connection(Options());
  pqxx::nontransaction work(connection);
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    connection.cancel_query();
  });
  PrintError([&] { work.exec("SELECT pg_sleep(30)"); });
  later.join();
  PrintRows(work.exec("SELECT 1"));
}

void Settings() {
  pqxx::connection connection(Options());
  connection.set_variable("timezone", "'Asia/Kolkata'");
  pqxx::nontransaction work(connection);
  PrintRows(work.exec("SELECT '2020-01-01 00:00+00'::timestamptz"));
  Print(work.get_variable("timezone"));
  connection.set_client_encoding("LATIN1");
  PrintRows(work.exec("SHOW client_encoding"));
  work.exec0("SET search_path TO pg_catalog");
  PrintRows(work.exec("SELECT current_schemas(false)"));
  work.exec0("RESET search_path");
  PrintRows(work.exec("SELECT current_schemas(false)"));
}

void LargeObjects() {
  pqxx::connection connection(Options());
  pqxx::work work(connection);
  pqxx::largeobjectaccess object(work);
  object.write("0123456789", 10);
  object.seek(3, std::ios::beg);
  char part[5] = {};
  Print(object.read(part, 4), part, object.tell());
  object.remove(work);
  work.commit();
}

void Sizes() {
  pqxx::connection connection(Options());
  pqxx::nontransaction work(connection);
  pqxx::result rows =
      work.exec("SELECT g, repeat('x', 100) FROM generate_series(1, 50000) g");
  long sum = 0;
  for (const auto& row : rows) sum += row[0].as<long>();
  Print(sum);
  PrintRows(
      work.exec_params("SELECT length($1::text)", std::string(5'000'000, 'x')));
}

// --- Over two shards --------------------------------------------------------

void ByKey() {
  pqxx::connection connection(Options());
  connection.prepare("put", "INSERT INTO items VALUES ($1, $2)");
  connection.prepare("get", "SELECT * FROM items WHERE id = $1");
  pqxx::nontransaction work(connection);
  for (int i = 0; i < 20; ++i) {
    work.exec_prepared0("put", i, "item " + std::to_string(i));
  }
  for (int i = 0; i < 20; ++i) PrintRows(work.exec_prepared("get", i));
  PrintError([&] { work.exec0("INSERT INTO items VALUES (3, 'again')"); });
  PrintRows(work.exec_params("DELETE FROM items WHERE id = $1 RETURNING *", 3));
}

void Scattered() {
  pqxx::connection connection(Options());
  pqxx::nontransaction work(connection);
  for (int i = 0; i < 8; ++i) {
    long sum = 0;
    for (const auto& row :
         work.exec_params("SELECT id FROM items WHERE name <> $1",
                          "item " + std::to_string(i))) {
      sum += row[0].as<int>();
    }
    Print(sum);
  }
}

void OnOneShard() {
  pqxx::connection connection(Options());
  {
    pqxx::work work(connection);
    work.exec_params0("UPDATE items SET name = 'mine' WHERE id = $1", 5);
    PrintRows(work.exec_params("SELECT name FROM items WHERE id = $1", 5));
  }
  pqxx::nontransaction work(connection);
  PrintRows(work.exec("SELECT name FROM items WHERE id = 5"));
}

struct Step {
  const char* name;
  void (*run)();
};

constexpr Step kSession[] = {{"connecting", Connecting},
                             {"queries", Queries},
                             {"prepared", Prepared},
                             {"types", Types},
                             {"transactions", Transactions},
                             {"errors", Errors},
                             {"pipelines", Pipelines},
                             {"streams", Streams},
                             {"cursors", Cursors},
                             {"notifications", Notifications},
                             {"canceling", Canceling},
                             {"settings", Settings},
                             {"large_objects", LargeObjects},
                             {"sizes", Sizes}};
constexpr Step kSharded[] = {
    {"by_key", ByKey}, {"scattered", Scattered}, {"on_one_shard", OnOneShard}};

bool Perform(const Step& step) {
  std::cout << "== " << step.name << std::endl;
  try {
    step.run();
    return true;
  } catch (const std::exception& error) {
    Print("!!", error.what());
    return false;
  }
}

}  // namespace

int main(int count, char** arguments) {
  bool ok = true;
  if (count > 1 && std::string(arguments[1]) == "sharded") {
    for (const Step& step : kSharded) ok &= Perform(step);
  } else {
    for (const Step& step : kSession) ok &= Perform(step);
  }
  return ok ? 0 : 1;
}
