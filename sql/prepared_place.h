// Where the name of a prepared statement stands in a text, as tokens. Pure; any
// thread.
//
//   PREPARE name [(types)] AS inner
//   EXECUTE name [(arguments)]
//   DEALLOCATE [PREPARE] name
#ifndef PGBRAID_SQL_PREPARED_PLACE_H_
#define PGBRAID_SQL_PREPARED_PLACE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sql/lexer_modes.h"
#include "sql/statement.h"

namespace pgbraid::sql {

// Sets name_token and inner_token of `use` for the statement whose keyword
// (PREPARE, EXECUTE, DEALLOCATE) begins at the byte `keyword`.
void PlacePrepared(std::string_view text, LexerModes modes, size_t keyword,
                   PreparedUse* use);

// The bytes of a text that a token takes. For a name, with the UESCAPE '!'
// behind it. Both are the text's size where there is no such token.
struct TokenBytes {
  size_t begin = 0;
  size_t end = 0;
};
TokenBytes BytesOfToken(std::string_view text, LexerModes modes,
                        uint32_t token);

// Where the statement that the token belongs to ends: at the next ';' outside
// of brackets, or with the text's last token.
size_t EndOfStatement(std::string_view text, LexerModes modes, uint32_t token);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_PREPARED_PLACE_H_
