// Reads --tables.
//
//   tables := [ table { ',' table } ]
//   table  := [ schema '.' ] name ':' kind            schema: public if left
//   out kind   := 'hash' '(' column { ',' column } ')'
//           | 'list' '(' column { ';' values '=' shard } ')'
//           | 'range' '(' column { ';' bound '=' shard } ')'
//           | 'time' '(' column ',' [ N ] unit [ ';' 'null' '=' shard ] ')'
//           | 'reference'
//           | 'shard' '(' shard ')'
//   values := value { ',' value } | 'null' | 'default'
//   bound  := '<' value | '*' | 'null'          ascending; '*' after the others
//   unit   := 'day' | 'week' | 'month' | 'year' | the same with an 's'
//   value  := 'text' (a doubled quote stands for one) | a number, date or uuid
//             without quotes, beginning with a digit or a sign
//
// Names are SQL's: folded to lower case unless in double quotes.
//
// Pure function; any thread. Internal to topology/.
#ifndef PGBRAID_TOPOLOGY_TABLES_PARSER_H_
#define PGBRAID_TOPOLOGY_TABLES_PARSER_H_

#include <string>
#include <string_view>
#include <vector>

#include "topology/distribution_spec.h"
#include "topology/shard.h"

namespace pgbraid::topology {

struct ParsedTables {
  std::vector<DistributionSpec> tables;  // what could be read
  std::vector<std::string> errors;       // see FlagError
};

// `shards` gives the shards' names their numbers. If `shards_complete` is
// false a name that is not among them is no error (--shards has its own).
ParsedTables ParseTables(std::string_view text,
                         const std::vector<Shard>& shards,
                         bool shards_complete);

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_TABLES_PARSER_H_
