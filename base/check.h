// Assertions for invariants: what can only be false through an error in our
// own code. They stay on in optimised builds. A condition that a peer, a user
// or the network can trigger is never checked with these; it is handled.
#ifndef PGBRAID_BASE_CHECK_H_
#define PGBRAID_BASE_CHECK_H_

#include <cstdio>
#include <cstdlib>

// Ends the process with the place and the condition if `condition` is false.
#define PGB_CHECK(condition)                                                \
  do {                                                                      \
    if (!(condition)) [[unlikely]] {                                        \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, \
                   #condition);                                             \
      std::abort();                                                         \
    }                                                                       \
  } while (false)

#endif  // PGBRAID_BASE_CHECK_H_
