// What a piece of code (a function's body, a DO block, a statement) may do to
// custom settings and channels, by itself and by what it names.
//
// A function can't be looked into when it runs. But it calls others by their
// names, fires triggers of tables that it names, and executes text that
// somebody has put together: the first two are followed by name (CodeGraph),
// the third is understood where the text is a constant, or constants with
// quoted names and values between them (format() with %I and %L, quote_ident).
// Whatever else is executed may do anything: `settings.unknown`.
//
// Errs to one side only: it may list more than the code ever does.
//
// Pure; any thread.
#ifndef PGBRAID_SQL_CODE_H_
#define PGBRAID_SQL_CODE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sql/custom_settings.h"
#include "sql/lexer_modes.h"

namespace pgbraid::sql {

struct Code {
  CustomSettings settings;
  // The names in it, as CodeWord() gives them, sorted, each once.
  std::vector<std::string> words;
  bool writes = false;        // changes tables, or what triggers react to
  bool any_relation = false;  // some whose names it does not show
  bool unlistens = false;
  bool reads_channels = false;  // pg_listening_channels()
  // Functions that a statement calls and the catalogs did not have.
  std::vector<std::string> missing;

  void Add(const Code& other);
  size_t HeapBytes() const;
};

// How names are compared: by their first 59 bytes (PostgreSQL cuts them at 63),
// without regard to case, every run of bytes outside of ASCII as one character
// (encodings differ). "" if there is nothing of a word in it.
std::string CodeWord(std::string_view name);

// The code of a function or DO block in `language` (pg_language.lanname; C and
// internal have none).
Code ReadCode(std::string_view code, std::string_view language);

// One SQL statement as a client sends it. Its own set_config() and EXECUTE are
// left to the analysis.
Code ReadStatementCode(std::string_view statement, LexerModes modes);

// A built-in function (or one of contrib's) that runs SQL which it is given.
bool RunsText(std::string_view function);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_CODE_H_
