// A text that names prepared statements, as a server connection gets it: with
// the server's names in the place of the client's.
#ifndef PGBRAID_ROUTER_TRANSLATION_H_
#define PGBRAID_ROUTER_TRANSLATION_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "router/name_edits.h"
#include "router/prepared_statements.h"
#include "router/recognizer.h"

namespace pgbraid::router {

struct Translation {
  std::string text;
  NameEdits edits;
  // Where the parts that were exchanged end, in bytes of the client's text and
  // of this one.
  std::vector<std::pair<size_t, size_t>> ends;
  // The text is the client's own, and so are the names of all its statements on
  // the connection while it runs: it shows them.
  bool own_names = false;
  // What has to be prepared on the connection before.
  std::vector<ClientStatementRef> needed;
  // What each PREPARE in it makes, in order. Their names must be free on the
  // connection.
  std::vector<ClientStatementRef> made;
  // What each statement of the text executes, or null.
  std::vector<ClientStatementRef> executed;
  // Why it cannot run, as PostgreSQL says it: a name is taken, or unknown.
  Status refusal;

  // The byte of `text` that a byte of the client's text, which is not inside
  // of a name, has become.
  size_t ServerByte(size_t client_byte) const;
};

// `text` as it is, to run under the client's own names. `translation` may be
// null.
std::shared_ptr<const Translation> UnderOwnNames(
    std::string_view text, const sql::Query& query,
    const Translation* translation);

// The client's statement of a name, moved on to today's (Renewed), or null.
using FindStatement = std::function<ClientStatementRef(std::string_view name)>;

// Whether a text speaks of prepared statements by name.
bool NamesPrepared(const sql::Query& query);

// Translates `text`, which means `query`. Names that `find` does not know stay
// as they are: the server reports them. `key` holds what new statements are
// made under; its texts and types are not looked at.
std::shared_ptr<const Translation> Translate(std::string_view text,
                                             const sql::Query& query,
                                             const StatementContext& context,
                                             const FindStatement& find,
                                             const PreparedStatements::Key& key,
                                             PreparedStatements* statements);

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_TRANSLATION_H_
