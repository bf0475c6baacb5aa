#include "topology/shards_parser.h"

#include <charconv>
#include <optional>
#include <utility>

#include "topology/flag_scanner.h"
#include "topology/shard_set.h"

namespace pgbraid::topology {
namespace {

constexpr std::string_view kExpectedHost =
    "expected a host: name:port/database, [IPv6]:port/database or "
    "/folder:port/database";

class ShardsParser {
 public:
  explicit ShardsParser(std::string_view text) : scan_("--shards", text) {}

  ParsedShards Parse() {
    do {
      if (scan_.AtEnd() && !parsed_.shards.empty()) break;
      ParseShard();
      if (scan_.AtEnd()) break;
      if (scan_.Peek() != ';') {
        scan_.AddErrorHere("expected ',' and a host, or ';' and a shard");
        scan_.SkipTo(";");
      }
    } while (scan_.Take(';'));
    parsed_.errors = scan_.errors();
    return std::move(parsed_);
  }

 private:
  void ParseShard() {
    size_t place = scan_.NextPlace();
    Shard shard;
    shard.name = scan_.TakeWord("-");
    if (shard.name.empty()) {
      scan_.AddError(place, "expected a shard: name=host:port/database");
      return scan_.SkipTo(";");
    }
    CheckName(place, shard.name);
    if (!scan_.Take('=')) {
      scan_.AddErrorHere("expected '=' after the shard's name");
      scan_.SkipTo(";");
    } else {
      ParseHosts(&shard);
    }
    parsed_.shards.push_back(std::move(shard));
  }

  void CheckName(size_t place, const std::string& name) {
    for (const Shard& other : parsed_.shards) {
      if (other.name == name) {
        scan_.AddError(place, "two shards have this name");
        return;
      }
    }
    if (parsed_.shards.size() == ShardSet::kMaxShards) {
      scan_.AddError(place, "expected at most 256 shards");
    }
  }

  void ParseHosts(Shard* shard) {
    do {
      size_t place = scan_.NextPlace();
      HostAddress address;
      std::string database;
      if (!ParseHost(&address, &database)) {
        scan_.SkipTo(",;");
        continue;
      }
      if (shard->hosts.empty()) {
        shard->database = database;
      } else if (shard->database != database) {
        scan_.AddError(
            place,
            "expected the same database as the shard's first host" +
                (shard->database.empty() ? std::string(", which names none")
                                         : ", " + shard->database));
      }
      CheckHost(place, *shard, address, database);
      shard->hosts.push_back(std::move(address));
    } while (scan_.Take(','));
  }

  void CheckHost(size_t place, const Shard& shard, const HostAddress& address,
                 const std::string& database) {
    auto has = [&](const Shard& other) {
      if (&other != &shard && other.database != database) return false;
      for (const HostAddress& host : other.hosts) {
        if (host == address) return true;
      }
      return false;
    };
    if (has(shard)) {
      scan_.AddError(place, "this host stands in the shard twice");
    }
    for (const Shard& other : parsed_.shards) {
      if (has(other)) {
        scan_.AddError(place, "shard " + other.name +
                                  " has this host and database already");
      }
    }
  }

  bool ParseHost(HostAddress* address, std::string* database) {
    bool is_folder = scan_.Peek() == '/';
    if (!ParseAddress(address)) return false;
    if (scan_.Take(':')) {
      std::optional<uint16_t> port = ParsePort();
      if (!port) return false;
      address->port = *port;
    } else if (is_folder) {
      scan_.AddErrorHere("expected ':' and a port after the socket's folder");
      return false;
    }
    return !scan_.Take('/') || ParseDatabase(database);
  }

  bool ParseAddress(HostAddress* address) {
    size_t place = scan_.NextPlace();
    if (scan_.Peek() == '/') {
      address->host = scan_.TakeUntil(":,;");
      return true;
    }
    if (!scan_.Take('[')) {
      address->host = scan_.TakeWord("-.");
      if (address->host.empty()) scan_.AddError(place, kExpectedHost);
      return !address->host.empty();
    }
    address->host = scan_.TakeWord(":.%");
    if (address->host.find(':') == std::string::npos || !scan_.Take(']')) {
      scan_.AddError(place, "expected an IPv6 address and ']'");
      return false;
    }
    return true;
  }

  std::optional<uint16_t> ParsePort() {
    size_t place = scan_.NextPlace();
    std::string_view word = scan_.TakeWord();
    unsigned port = 0;
    auto [end, error] =
        std::from_chars(word.data(), word.data() + word.size(), port);
    if (error != std::errc() || end != word.data() + word.size() || port < 1 ||
        port > 65535) {
      scan_.AddError(place, "expected a port from 1 to 65535");
      return std::nullopt;
    }
    return static_cast<uint16_t>(port);
  }

  bool ParseDatabase(std::string* database) {
    size_t place = scan_.NextPlace();
    if (scan_.Peek() == '"') {
      std::optional<std::string> quoted = scan_.TakeQuoted('"');
      if (!quoted) return false;
      *database = *std::move(quoted);
    } else {
      *database = scan_.TakeUntil(",;");
    }
    if (database->empty()) scan_.AddError(place, "expected a database's name");
    return !database->empty();
  }

  FlagScanner scan_;
  ParsedShards parsed_;
};

}  // namespace

ParsedShards ParseShards(std::string_view text) {
  return ShardsParser(text).Parse();
}

}  // namespace pgbraid::topology
