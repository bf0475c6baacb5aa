// The settings under which PostgreSQL splits a text into tokens.
//
// A small value; part of every key under which something learnt from a text is
// kept, since the same bytes read under other modes are another text.
#ifndef PGBRAID_SQL_LEXER_MODES_H_
#define PGBRAID_SQL_LEXER_MODES_H_

#include <cstdint>

namespace pgbraid::sql {

struct LexerModes {
  // The setting of that name: false makes '\' an escape in plain '...' strings.
  bool standard_conforming_strings = true;

  // In client_encoding every byte below 0x80 is that ASCII character, also
  // inside of other characters. True for all encodings but BIG5, GBK, GB18030,
  // JOHAB, SJIS, SHIFT_JIS_2004 and UHC, whose second bytes may look like a
  // backslash or a letter.
  bool ascii_safe_encoding = true;

  friend bool operator==(const LexerModes&, const LexerModes&) = default;

  // A number that is different for different modes.
  constexpr uint8_t Bits() const {
    return static_cast<uint8_t>((standard_conforming_strings ? 1 : 0) |
                                (ascii_safe_encoding ? 2 : 0));
  }
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_LEXER_MODES_H_
