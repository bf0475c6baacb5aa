// Reads a literal or a parameter as the value of a key column, where it can be
// proven that PostgreSQL reads the same value there.
//
// Only canonical forms are accepted:
//   int2/4/8       digits with an optional sign, no blanks (quoted or not)
//   text, varchar  any bytes of UTF-8; varchar(n): at most n characters
//   uuid           32 hexadecimal digits, in any form that PostgreSQL reads
//   date           YYYY-MM-DD, years 0001 to 9999
//   timestamp      YYYY-MM-DD[( |T)HH:MM:SS[.f]], 1 to 6 digits of fraction
//   timestamptz    the same, then (Z | (+|-)HH[:MM[:SS]]); without it only if
//                  the session's TimeZone is UTC
// so that DateStyle, IntervalStyle, lc_* do not matter. A literal that is cast
// is read as the type it is cast to and then converted, where that is exact
// (any integer type to another; date to timestamp; in UTC timestamp to
// timestamptz). Everything else (42.0, 'today', ' 42', infinity, fractions
// that the column would round) is *not provable*: a read goes to all shards, a
// write asks PostgreSQL for the value or is refused.
//
// If PostgreSQL itself refuses the text (a cast to int2 that overflows, UTF-8
// that is not valid), a value may come out all the same: the shard it leads to
// speaks the error.
//
// Pure functions; any thread.
#ifndef PGBRAID_TOPOLOGY_KEY_PARSE_H_
#define PGBRAID_TOPOLOGY_KEY_PARSE_H_

#include <cstdint>
#include <string_view>
#include <utility>

#include "topology/key_type.h"
#include "topology/key_value.h"

namespace pgbraid::topology {

// What the session's settings say about how a value is read.
struct KeyContext {
  // Both server_encoding and client_encoding are UTF8 (or the client's is
  // SQL_ASCII): text arrives in the server as the bytes that were sent. If
  // false no text is provable.
  bool utf8 = false;
  // TimeZone is UTC (see IsUtcTimeZone).
  bool utc = false;
};

// Whether a TimeZone setting, as SHOW prints it, is UTC for every instant.
bool IsUtcTimeZone(std::string_view time_zone);

enum class LiteralForm : uint8_t {
  kInteger,  // 42: digits as they stand in the text
  kString,   // '42', E'42', $$42$$: the value between the quotes, unescaped
  kOther,    // anything else: 42.0, 1e2, TRUE, B'1'
};

struct Literal {
  LiteralForm form = LiteralForm::kOther;
  std::string_view text = {};
  bool negated = false;        // a minus sign stands before it
  std::string_view cast = {};  // pg_type's name of what it is cast to, or empty
};

// What a text proves about a value of the column.
struct ParsedKey {
  enum class Outcome : uint8_t {
    kNotProvable,
    kValue,
    // An integer below or above all that the column's type holds. Nothing is
    // equal to it; every value but NULL is above (below) it.
    kBelowAll,
    kAboveAll,
  };
  Outcome outcome = Outcome::kNotProvable;
  KeyValue value;  // for kValue; never NULL

  static ParsedKey NotProvable() { return {}; }
  static ParsedKey Of(KeyValue value) {
    return {Outcome::kValue, std::move(value)};
  }
  bool has_value() const { return outcome == Outcome::kValue; }
  bool provable() const { return outcome != Outcome::kNotProvable; }
  // Proven that no row's key equals it (PostgreSQL may also answer 22003).
  bool never_equal() const { return provable() && !has_value(); }
};

// A literal that is compared with the column directly (no COLLATE, no
// expression around it) or written to it. In an IN list all literals of a date
// or time column must have the same cast (or none): PostgreSQL reads the list
// in the common type.
ParsedKey FromLiteral(const KeyColumn& column, const Literal& literal,
                      const KeyContext& context);

// A parameter in text format. `declared` is the parameter's type: what the
// client's Parse gave or ParameterDescription reported. 0 or 705 (unknown)
// means it was left to PostgreSQL, which takes the column's type only if this
// is the parameter's first use: with more than one use the caller passes what
// ParameterDescription reported, or treats it as not provable.
ParsedKey FromTextParameter(const KeyColumn& column, Oid declared,
                            std::string_view text, const KeyContext& context);

// The same for a parameter in binary format.
ParsedKey FromBinaryParameter(const KeyColumn& column, Oid declared,
                              std::string_view bytes,
                              const KeyContext& context);

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_KEY_PARSE_H_
