// What PostgreSQL's own scanner and grammar say of a text, for tests.
#ifndef PGBRAID_SQL_SCANNER_ORACLE_H_
#define PGBRAID_SQL_SCANNER_ORACLE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace pgbraid::sql {

struct OracleToken {
  enum class Kind {
    kInteger,  // ICONST
    kFloat,    // FCONST
    kString,   // SCONST, USCONST
    kBits,     // BCONST, XCONST
    kParam,    // PARAM
    kOther,    // words, operators, punctuation
  };
  Kind kind;
  size_t begin;
  size_t end;  // wrong for U&: pg_query_scan miscounts those
};

// The tokens without comments; nullopt if the scanner refuses the text.
// Unlike PostgreSQL, pg_query_scan does not continue a string over a comment.
std::optional<std::vector<OracleToken>> OracleScan(const std::string& text);

// A constant of a parse tree, as the grammar gives it.
struct OracleConstant {
  int location;
  bool is_string;  // string or bits; else a number
  std::string value;
};

// The string, bit and number constants of a text; nullopt if the grammar
// refuses it.
std::optional<std::vector<OracleConstant>> OracleConstants(
    const std::string& text);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_SCANNER_ORACLE_H_
