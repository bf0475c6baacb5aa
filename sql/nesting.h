// A bound on how deep a text's parse tree can be, found before it is parsed:
// trees are unpacked and walked by recursion, and a thread's stack ends.
//
// A pure function; any thread.
#ifndef PGBRAID_SQL_NESTING_H_
#define PGBRAID_SQL_NESTING_H_

#include <string_view>

namespace pgbraid::sql {

// True if the tree of `text` needs no more than about 3 MB of stack. Brackets
// and CASE nest; a chain of operators ("a + b + c", "x UNION y UNION z") leans
// to the left and is as deep as it is long; lists and AND and OR are flat.
// Roughly: 400 brackets, 1,500 operators or 700 joins in a row are accepted.
bool NestingIsBounded(std::string_view text);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_NESTING_H_
