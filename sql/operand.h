// Expressions as operands, and the resolution of type names. Internal to the
// analysis.
#ifndef PGBRAID_SQL_OPERAND_H_
#define PGBRAID_SQL_OPERAND_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/findings.h"
#include "sql/parse_tree.h"
#include "sql/statement.h"

namespace pgbraid::sql {

// A literal, a parameter, NULL or DEFAULT, perhaps under one cast; else
// kUnknown.
Operand MakeOperand(const tree::Node* node, const Source& source);

// The operands of `= ANY (node)`: several for ARRAY[...], one array literal or
// parameter otherwise. `single_array` says which.
std::vector<Operand> MakeArrayOperands(const tree::Node* node,
                                       const Source& source,
                                       bool& single_array);

// The type that a type name means, arrays included. Null if it is not in the
// catalog, or if the name is one of a table's column (%TYPE).
const Type* ResolveTypeName(const PgQuery__TypeName& name,
                            const Source& source);

// The parts of a dotted name as regclass reads it from a string: 'app."Seq"'.
// Empty if it is malformed.
std::vector<std::string> ParseQualifiedName(std::string_view text);

// A string constant of the text, perhaps under casts, or nullopt. Who uses it
// depends on the literal's value.
std::optional<std::string> ConstantString(const tree::Node* node);

// A constant that PostgreSQL reads as a boolean, under the same terms.
std::optional<bool> ConstantBool(const tree::Node* node);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_OPERAND_H_
