// The values of one execution of a statement: its literals and parameters, read
// as values of a key column.
//
// A short-lived view over the text and the Bind message; one thread.
#ifndef PGBRAID_ROUTER_KEY_VALUES_H_
#define PGBRAID_ROUTER_KEY_VALUES_H_

#include <span>
#include <string_view>
#include <vector>

#include "sql/fingerprint.h"
#include "sql/lexer_modes.h"
#include "sql/statement.h"
#include "topology/key_parse.h"
#include "wire/bind.h"
#include "wire/protocol.h"

namespace pgbraid::router {

struct ExecutionValues {
  std::string_view text;
  const sql::Fingerprint* fingerprint = nullptr;
  sql::LexerModes modes;
  topology::KeyContext context;

  // Extended protocol only. Null before Bind: parameters prove nothing.
  const wire::BindMessage* bind = nullptr;
  // Set if a value was asked for that `bind` does not have (yet). May be null.
  bool* missing = nullptr;
  // Types that Parse declared or ParameterDescription reported; 0: not known.
  std::span<const wire::Oid> parameter_types;
  // Per parameter (from 0): it stands once in the text.
  const std::vector<bool>* used_once = nullptr;
};

// What an operand proves about a value of the column. `*is_null` is set if the
// operand is NULL (then the result says nothing).
topology::ParsedKey ReadOperand(const ExecutionValues& values,
                                const sql::Operand& operand,
                                const topology::KeyColumn& column,
                                bool* is_null);

// The elements of a one-dimensional array operand (= ANY($1)). False if it is
// not provable; a NULL array or element matches nothing and is left out.
bool ReadArrayOperand(const ExecutionValues& values,
                      const sql::Operand& operand,
                      const topology::KeyColumn& column,
                      std::vector<topology::KeyValue>* elements);

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_KEY_VALUES_H_
