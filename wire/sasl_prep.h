// SASLprep (RFC 4013) of passwords, by PostgreSQL's own code.
//
// Pure function, any thread.
#ifndef PGBRAID_WIRE_SASL_PREP_H_
#define PGBRAID_WIRE_SASL_PREP_H_

#include <string>
#include <string_view>

namespace pgbraid::wire {

// The normalised password; as PostgreSQL does, the bytes as they are where they
// are not UTF-8 or hold what SASLprep forbids, so that any password works that
// works with psql. ASCII is returned unchanged. `password` holds no NUL.
std::string SaslPrep(std::string_view password);

}  // namespace pgbraid::wire

#endif  // PGBRAID_WIRE_SASL_PREP_H_
