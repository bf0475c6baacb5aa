#include "pool/catalog_connection.h"

#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <sys/socket.h>

#include <algorithm>
#include <new>
#include <optional>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pqxx/pipeline>
#include <string_view>
#include <utility>

#include "pool/connection_value.h"

namespace pgbraid::pool {
namespace {

// How often a wait looks at `cancel`.
constexpr std::chrono::milliseconds kSlice(50);

// Client settings (they go before those of ALTER ROLE and ALTER DATABASE).
constexpr std::string_view kOptions =
    "-c client_min_messages=error -c quote_all_identifiers=off"
    " -c standard_conforming_strings=on -c DateStyle=ISO"
    " -c IntervalStyle=postgres -c TimeZone=UTC -c bytea_output=hex"
    " -c extra_float_digits=1 -c jit=off -c max_parallel_workers_per_gather=0"
    " -c lock_timeout=1000 -c default_transaction_deferrable=off"
    " -c default_transaction_read_only=on";

// Thrown within this file, where libpqxx stands between thrower and catcher.
struct Expired {
  bool cancelled;
};

class Deadline {
 public:
  Deadline(Duration after, const std::atomic<bool>* cancel)
      : at_(std::chrono::steady_clock::now() + after), cancel_(cancel) {}

  // Waits for `events` on the socket, for a slice at most; throws Expired.
  void Wait(int socket, short events) const {
    if (cancel_ != nullptr && cancel_->load(std::memory_order_relaxed)) {
      throw Expired{true};
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        at_ - std::chrono::steady_clock::now());
    if (left.count() <= 0) throw Expired{false};
    pollfd waited{socket, events, 0};
    poll(&waited, 1, static_cast<int>(std::min(left, kSlice).count()));
  }

 private:
  const TimePoint at_;
  const std::atomic<bool>* const cancel_;
};

std::string ConnectionString(const CatalogSource& source,
                             Duration statement_timeout) {
  const auto timeout =
      std::chrono::ceil<std::chrono::milliseconds>(statement_timeout).count();
  std::string options(kOptions);
  options += " -c statement_timeout=" + std::to_string(timeout);
  std::string text = "host=" + ConnectionValue(source.host);
  text += " port=" + std::to_string(source.port);
  text += " dbname=" + ConnectionValue(source.database);
  text += " user=" + ConnectionValue(source.user);
  if (!source.password.empty())
    text += " password=" + ConnectionValue(source.password);
  if (!source.tls.empty()) text += " " + source.tls;
  text += " options=" + ConnectionValue(options);
  text += " application_name=pgbraid-catalog client_encoding=UTF8";
  text += " gssencmode=disable";
  return text;
}

// Connects with a deadline, which none of libpqxx's own policies can.
class ConnectWithin : public pqxx::connectionpolicy {
 public:
  ConnectWithin(const std::string& options, const Deadline& deadline)
      : connectionpolicy(options), deadline_(deadline) {}

  PGconn* raw() const { return raw_; }

  handle do_startconnect(handle existing) override {
    if (existing != nullptr) return existing;
    std::unique_ptr<PGconn, decltype(&PQfinish)> made(
        PQconnectStart(options().c_str()), &PQfinish);
    if (made == nullptr) throw std::bad_alloc();
    PQsetErrorVerbosity(made.get(), PQERRORS_VERBOSE);  // for the SQLSTATE
    auto wanted = PQstatus(made.get()) == CONNECTION_BAD
                      ? PGRES_POLLING_FAILED
                      : PGRES_POLLING_WRITING;
    while (wanted != PGRES_POLLING_OK) {
      if (wanted == PGRES_POLLING_FAILED) {
        throw pqxx::broken_connection(PQerrorMessage(made.get()));
      }
      const short events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
      deadline_.Wait(PQsocket(made.get()), events);
      pollfd ready{PQsocket(made.get()), events, 0};
      if (poll(&ready, 1, 0) > 0) wanted = PQconnectPoll(made.get());
    }
    PQsetErrorVerbosity(made.get(), PQERRORS_DEFAULT);
    raw_ = made.release();
    return raw_;
  }

 private:
  const Deadline deadline_;
  PGconn* raw_ = nullptr;
};

// "... FATAL:  3D000: database "x" does not exist\nLOCATION: ..." taken apart:
// libpq gives the SQLSTATE of a refused connection only within its text.
Status ConnectError(std::string_view text) {
  text = text.substr(0, text.find("\nLOCATION:"));
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const auto is_state_char = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
  };
  for (size_t at = text.find(":  "); at != text.npos;
       at = text.find(":  ", at + 1)) {
    const std::string_view rest = text.substr(at + 3);
    if (rest.size() < 7 || rest.substr(5, 2) != ": ") continue;
    const std::string_view state = rest.substr(0, 5);
    if (!std::all_of(state.begin(), state.end(), is_state_char)) continue;
    return SqlError(state, rest.substr(7));
  }
  return SqlError(sqlstate::kConnectionFailure, text);
}

Status ExpiredError(const Expired& expired, std::string_view doing) {
  std::string message(doing);
  message += expired.cancelled ? " was cancelled" : " took too long";
  return SqlError(sqlstate::kQueryCanceled, message);
}

}  // namespace

// The session: libpqxx's connection with our policy, as its own
// basic_connection_base is made, and the one (non-)transaction in it.
class CatalogConnection::Session : public pqxx::connection_base {
 public:
  Session(const std::string& options, const Deadline& deadline)
      : connection_base(policy_), policy_(options, deadline) {
    init();
    transaction_.emplace(*this, "catalog");
  }

  ~Session() noexcept {
    transaction_.reset();
    close();
  }

  pqxx::result Run(const std::string& sql, const Deadline& deadline) {
    pqxx::pipeline pipeline(*transaction_);
    const auto id = pipeline.insert(sql);
    try {
      WaitWhileBusy(deadline);
      pqxx::result result = pipeline.retrieve(id);
      WaitWhileBusy(deadline);  // ReadyForQuery may come in a later packet
      return result;
    } catch (const pqxx::sql_error&) {
      WaitWhileBusy(deadline);
      throw;
    } catch (const Expired&) {
      Abandon();
      throw;
    }
  }

 private:
  void WaitWhileBusy(const Deadline& deadline) {
    PGconn* const raw = policy_.raw();
    while (PQisBusy(raw)) {
      deadline.Wait(PQsocket(raw), POLLIN);
      if (!PQconsumeInput(raw)) {
        throw pqxx::broken_connection(PQerrorMessage(raw));
      }
    }
  }

  // Makes libpq see the connection's end, so that nothing that libpqxx does in
  // its destructors (a cancel request, above all) can wait for the server.
  void Abandon() noexcept {
    PGconn* const raw = policy_.raw();
    if (PQsocket(raw) >= 0) shutdown(PQsocket(raw), SHUT_RDWR);
    while (PQsocket(raw) >= 0 && PQconsumeInput(raw)) {
    }
  }

  ConnectWithin policy_;
  std::optional<pqxx::nontransaction> transaction_;
};

CatalogConnection::CatalogConnection(CatalogSource source,
                                     const CatalogTimeouts& timeouts,
                                     const std::atomic<bool>* cancel)
    : source_(std::move(source)), timeouts_(timeouts), cancel_(cancel) {}

CatalogConnection::~CatalogConnection() = default;

StatusOr<std::unique_ptr<CatalogConnection>> CatalogConnection::Open(
    const CatalogSource& source, const CatalogTimeouts& timeouts,
    const std::atomic<bool>* cancel) {
  std::unique_ptr<CatalogConnection> made(
      new CatalogConnection(source, timeouts, cancel));
  try {
    made->session_ =
        std::make_unique<Session>(ConnectionString(source, timeouts.statement),
                                  Deadline(timeouts.connect, cancel));
  } catch (const Expired& expired) {
    return ExpiredError(expired, "connecting to the server");
  } catch (const std::exception& error) {
    return ConnectError(error.what());
  }
  return made;
}

StatusOr<pqxx::result> CatalogConnection::Query(const std::string& sql) {
  if (broken_) {
    return SqlError(sqlstate::kConnectionFailure, "the connection is lost");
  }
  try {
    return session_->Run(sql, Deadline(timeouts_.statement, cancel_));
  } catch (const pqxx::sql_error& error) {
    broken_ = !session_->is_open();
    return SqlError(error.sqlstate().empty()
                        ? sqlstate::kInternalError
                        : std::string_view(error.sqlstate()),
                    error.what());
  } catch (const Expired& expired) {
    broken_ = true;
    return ExpiredError(expired, "reading the catalogs");
  } catch (const std::exception& error) {
    broken_ = true;
    return SqlError(sqlstate::kConnectionFailure, error.what());
  }
}

StatusOr<pqxx::result> CatalogConnection::QueryPrepared(
    const std::string& name, const std::string& sql) {
  if (prepared_.count(name) == 0) {
    const auto done = Query("PREPARE " + name + " AS " + sql);
    if (!done.ok()) return done.status();
    prepared_.insert(name);
  }
  return Query("EXECUTE " + name);
}

}  // namespace pgbraid::pool
