// How a text that a server got differs from the client's own, and what that
// means for the errors it reports: names of prepared statements have been
// exchanged, or only the statement inside of a PREPARE was sent.
//
// Plain values and pure functions.
#ifndef PGBRAID_ROUTER_NAME_EDITS_H_
#define PGBRAID_ROUTER_NAME_EDITS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgbraid::router {

struct NameEdits {
  // A part of the client's text that the server got as another one. In
  // characters.
  struct Edit {
    size_t begin = 0;
    size_t length = 0;         // in the client's text
    size_t server_length = 0;  // in the server's
  };
  std::vector<Edit> edits;  // by place
  // So many characters of the client's text stand before the server's.
  size_t offset = 0;
  // Names as the server says them, and as the client does.
  std::vector<std::pair<std::string, std::string>> names;

  // The place in the client's text of a place in the server's; both count
  // characters from 1, as the P field of an ErrorResponse does.
  size_t ClientPosition(size_t position) const;
};

// The ErrorResponse (a whole message) for a server's, given by its body, with
// the positions and names of the client's text.
std::string CorrectedError(std::string_view body, const NameEdits& edits);

// How many characters a text has: bytes, or UTF-8 sequences.
size_t CountCharacters(std::string_view text, bool utf8);

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_NAME_EDITS_H_
