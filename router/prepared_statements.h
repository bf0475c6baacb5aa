// Prepared statements under one name for each distinct (text, parameter types,
// settings that parsing freezes), whatever names the clients give them, so that
// any server connection can serve any client.
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
#include "router/recognizer.h"
#include "wire/number_list.h"
#include "wire/protocol.h"

namespace pgbraid::router {

struct PreparedStatement {
  uint64_t id = 0;
  std::string server_name;  // "pgbraid_17"
  std::string text;
  std::vector<wire::Oid> types;  // as Parse declared them; 0: unspecified
  std::string types_bytes;       // the same as they stand in the message
  uint64_t frozen = 0;           // hash of the settings that parsing freezes
  // As ParameterDescription reported them; empty until described.
  std::vector<wire::Oid> described;
  // What the text means for routing, as last recognised.
  Recognized recognized;

  wire::OidList type_list() const { return wire::OidList(types_bytes); }

  // Some parameter is declared of a type that came after initdb: which
  // functions its operators call is not known.
  bool has_user_types() const {
    for (wire::Oid type : types) {
      if (type >= sql::kFirstUserOid) return true;
    }
    return false;
  }

  // The types to read parameters with.
  const std::vector<wire::Oid>& parameter_types() const {
    return described.empty() ? types : described;
  }
};

using PreparedRef = std::shared_ptr<PreparedStatement>;

// One client's names for them. Made when the client prepares the first.
using PreparedNamesOfClient = std::map<std::string, PreparedRef, std::less<>>;

class PreparedStatements {
 public:
  // The statement of this text, shared with whoever prepared the same.
  PreparedRef Intern(std::string_view text, wire::OidList types,
                     uint64_t frozen);

  size_t size() const { return by_hash_.size(); }

 private:
  void Sweep();

  absl::flat_hash_map<uint64_t, std::weak_ptr<PreparedStatement>> by_hash_;
  uint64_t last_id_ = 0;
  size_t sweep_at_ = 1024;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_PREPARED_STATEMENTS_H_
