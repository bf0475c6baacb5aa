// Reads the attributes of a SCRAM message in order (RFC 5802, section 7):
//
//   message := attribute { ',' attribute }*
//   attribute := letter '=' value            value holds no comma
//
// A view over the message, which must outlive it and what it returned. Errors
// are 08P01 in PostgreSQL's words ("malformed SCRAM message" and a detail).
#ifndef PGBRAID_WIRE_SCRAM_MESSAGE_H_
#define PGBRAID_WIRE_SCRAM_MESSAGE_H_

#include <string>
#include <string_view>

#include "base/status.h"

namespace pgbraid::wire {

struct ScramAttribute {
  char name = 0;
  std::string_view value;
};

class ScramMessageReader {
 public:
  explicit ScramMessageReader(std::string_view message) : rest_(message) {}

  // The next attribute, whatever its name.
  Status Next(ScramAttribute* attribute);
  // The value of the next attribute, which must be `name`.
  Status Expect(char name, std::string_view* value);

  // Whether the message has been read to its end.
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// 08P01 "malformed SCRAM message" with this detail.
Status MalformedScram(std::string_view detail);

// A byte of the peer's for an error text: itself, or "0x07".
std::string PrintableByte(char byte);

// Whether every byte is printable ASCII without a comma, as a nonce must be.
bool IsScramPrintable(std::string_view text);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_SCRAM_MESSAGE_H_
