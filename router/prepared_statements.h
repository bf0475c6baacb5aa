// Prepared statements under one name for each distinct (text, parameter types,
// settings that parsing freezes, catalogs), whatever names the clients give
// them, so that any server connection can serve any client.
//
//   client's name --ClientStatement--> PreparedStatement --> "pgbraid_17"
//
// PostgreSQL has one namespace for what Parse and what PREPARE defines, and so
// has a client here. What PostgreSQL's plan cache looks at again at every
// execution (search_path, role, changes of the catalogs) is part of a
// statement's identity: a client's name moves on to the next statement when it
// changes (Renewed), with the parameter types that were found first.
//
// One reactor's own.
#ifndef PGBRAID_ROUTER_PREPARED_STATEMENTS_H_
#define PGBRAID_ROUTER_PREPARED_STATEMENTS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "pool/environment.h"
#include "router/recognizer.h"
#include "wire/number_list.h"
#include "wire/protocol.h"

namespace pgbraid::router {

// How many changes of the catalogs are known.
struct CatalogVersion {
  uint64_t shared = 0;  // by anybody, in the database
  // In the session's own temporary schema. Not zero: a statement is its own.
  uint64_t own = 0;
  bool operator==(const CatalogVersion&) const = default;
};

// All names of statements on servers begin so.
inline constexpr std::string_view kServerNamePrefix = "pgbraid_";

struct PreparedStatement {
  uint64_t id = 0;
  std::string server_name;  // "pgbraid_17"
  std::string text;
  std::vector<wire::Oid> types;  // as Parse declared them; 0: unspecified
  std::string types_bytes;       // the same as they stand in the message
  // As PREPARE declared them, with the brackets; `described` says what they
  // are.
  std::string sql_types;
  pool::EnvironmentRef environment;  // under which it was parsed first
  uint64_t names = 0;                // names_hash() under which it is used
  CatalogVersion version;
  // As ParameterDescription reported them; empty until described.
  std::vector<wire::Oid> described;
  bool is_described = false;
  // What the text means for routing, as last recognised.
  Recognized recognized;

  wire::OidList type_list() const { return wire::OidList(types_bytes); }

  // Some parameter is declared of a type that came after initdb: which
  // functions its operators call is not known.
  bool has_user_types() const {
    for (wire::Oid type : sql_types.empty() ? types : described) {
      if (type >= sql::kFirstUserOid) return true;
    }
    return false;
  }

  // The types to read parameters with, and to prepare it anew with.
  const std::vector<wire::Oid>& parameter_types() const {
    return described.empty() ? types : described;
  }
};

using PreparedRef = std::shared_ptr<PreparedStatement>;

// The name "pgbraid_17" of the statement 17.
std::string ServerName(uint64_t id);

// What a RowDescription says of the columns apart from their tables and
// formats, as a number; never 0.
uint64_t ShapeOf(std::string_view row_description);
inline constexpr uint64_t kShapeOfNoData = 1;

// What a client calls by a name.
struct ClientStatement {
  std::string name;  // "": the unnamed one
  PreparedRef prepared;
  // The columns that the client has been told of; 0: it has not.
  uint64_t told = 0;
  // PREPARE's own text, and how many characters of it stand before the
  // statement inside. Empty: made by Parse.
  std::string sql_text;
  size_t inner_offset = 0;
};
using ClientStatementRef = std::shared_ptr<ClientStatement>;

// One client's names. Made when the client prepares the first.
using PreparedNamesOfClient =
    std::map<std::string, ClientStatementRef, std::less<>>;

class PreparedStatements {
 public:
  // What makes a statement another one.
  struct Key {
    std::string_view text;
    wire::OidList types;
    std::string_view sql_types;
    pool::EnvironmentRef environment;  // effective now
    CatalogVersion version;
  };

  // The statement, shared with whoever prepared the same.
  PreparedRef Intern(const Key& key);

  // One that nobody shares.
  PreparedRef Make(const Key& key);

  // The statement as it is prepared under today's names and catalogs: the same
  // one if nothing has changed.
  PreparedRef Renewed(const PreparedRef& prepared,
                      const pool::EnvironmentRef& environment,
                      CatalogVersion version);

  size_t size() const { return by_hash_.size(); }

 private:
  PreparedRef Make(const Key& key, uint64_t names);
  PreparedRef Intern(const Key& key, uint64_t names);
  void Sweep();

  absl::flat_hash_map<uint64_t, std::weak_ptr<PreparedStatement>> by_hash_;
  uint64_t last_id_ = 0;
  size_t sweep_at_ = 1024;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_PREPARED_STATEMENTS_H_
