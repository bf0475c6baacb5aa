// Reads --shards.
//
//   shards := shard { ';' shard } [ ';' ]
//   shard  := name '=' host { ',' host }
//   host   := address [ ':' port ] [ '/' database ]
//           | folder ':' port [ '/' database ]       folder begins with '/'
//   address := a name, an IPv4 address, or '[' IPv6 address ']'
//   database := any characters but blank , ; or in double quotes
//
// A port that is left out is 5432. All hosts of a shard name the same database,
// or none does. No host stands twice with the same database; names differ.
//
// Pure function; any thread. Internal to topology/.
#ifndef PGBRAID_TOPOLOGY_SHARDS_PARSER_H_
#define PGBRAID_TOPOLOGY_SHARDS_PARSER_H_

#include <string>
#include <string_view>
#include <vector>

#include "topology/shard.h"

namespace pgbraid::topology {

struct ParsedShards {
  std::vector<Shard> shards;        // what could be read
  std::vector<std::string> errors;  // see FlagError
};

ParsedShards ParseShards(std::string_view text);

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_SHARDS_PARSER_H_
