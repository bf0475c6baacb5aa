// How an error in the text of a flag is worded:
//   --tables: character 12 (42.0): expected a value of type int4
//
// Pure functions; any thread. Internal to topology/.
#ifndef PGBRAID_TOPOLOGY_FLAG_ERROR_H_
#define PGBRAID_TOPOLOGY_FLAG_ERROR_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pgbraid::topology {

// `position` counts characters from 1; `piece` is the text that stands there
// (cut if long); `problem` is a phrase.
std::string FlagError(std::string_view flag, int position,
                      std::string_view piece, std::string_view problem);

// OK if there are none, else 22023 with one finding a line.
Status JoinFindings(const std::vector<std::string>& findings);

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_FLAG_ERROR_H_
