#include "wire/sasl_prep.h"

#include <cstdlib>

extern "C" {
#include <postgresql/15/server/common/saslprep.h>
}

namespace pgbraid::wire {

std::string SaslPrep(std::string_view password) {
  const std::string input(password);
  char* prepared = nullptr;
  if (pg_saslprep(input.c_str(), &prepared) != SASLPREP_SUCCESS) return input;
  std::string output(prepared);
  std::free(prepared);
  return output;
}

}  // namespace pgbraid::wire
