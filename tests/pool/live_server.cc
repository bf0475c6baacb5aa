#include "tests/pool/live_server.h"

#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <pqxx/nontransaction>
#include <stdexcept>
#include <thread>

namespace pgbraid::pool {

LiveServer::LiveServer(const std::string& name) {
  std::string variable = "PGBRAID_TEST_" + name;
  for (char& c : variable) c = static_cast<char>(std::toupper(c));
  const char* const value = std::getenv(variable.c_str());
  if (value == nullptr) {
    throw std::runtime_error(variable + " is not set; run by catalog_test.py");
  }
  const std::string text = value;
  const size_t colon = text.find(':');
  port_ = static_cast<uint16_t>(std::stoi(text.substr(0, colon)));
  data_folder_ = text.substr(colon + 1);
}

CatalogSource LiveServer::source(const std::string& database) const {
  return {"127.0.0.1", port_, database, "postgres", ""};
}

std::unique_ptr<pqxx::connection> LiveServer::Connect(
    const std::string& database) const {
  return std::make_unique<pqxx::connection>(
      "host=127.0.0.1 user=postgres client_encoding=UTF8 "
      "options='-c client_min_messages=error' port=" +
      std::to_string(port_) + " dbname=" + database);
}

pqxx::result LiveServer::Execute(const std::string& database,
                                 const std::string& sql) const {
  const auto connection = Connect(database);
  pqxx::nontransaction work(*connection);
  return work.exec(sql);
}

void LiveServer::RecreateDatabase(const std::string& database) const {
  Execute("postgres", "DROP DATABASE IF EXISTS " + database + " WITH (FORCE)");
  Execute("postgres", "CREATE DATABASE " + database);
}

void LiveServer::WaitForReplayOf(const LiveServer& primary) const {
  const std::string written =
      primary.Execute("postgres", "SELECT pg_current_wal_flush_lsn()")[0][0]
          .c_str();
  for (int i = 0; i < 1000; ++i) {
    const auto passed =
        Execute("postgres",
                "SELECT pg_last_wal_replay_lsn() >= '" + written + "'::pg_lsn");
    if (passed[0][0].as<bool>()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("the standby does not get to " + written);
}

int LiveServer::Signal(int signal) const {
  int count = 0;
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    const int pid = std::atoi(process.path().filename().c_str());
    if (pid == 0) continue;
    std::error_code error;
    const auto folder =
        std::filesystem::read_symlink(process.path() / "cwd", error);
    if (error || folder != data_folder_) continue;
    if (kill(pid, signal) == 0) ++count;
  }
  return count;
}

LiveServer::Frozen::Frozen(const LiveServer& server) : server_(server) {
  if (server_.Signal(SIGSTOP) == 0) {
    throw std::runtime_error("found no process of the server");
  }
}

LiveServer::Frozen::~Frozen() { server_.Signal(SIGCONT); }

}  // namespace pgbraid::pool
