// Where a session's sequences are remembered.
//
// currval() and lastval() speak of what the server connection has called
// nextval() for, whoever asked for it. A session that may advance a sequence on
// a connection takes a turn there (ServerConnection::sequence_turn), and what
// the one before it left is discarded first; its home is the connection and
// turn of its last time. As long as both still match, they answer as on a
// connection of its own.
//
// Turns are numbered, so that a session which has to take another's place takes
// the one whose owner has advanced its sequences longest ago.
#ifndef PGBRAID_ROUTER_SEQUENCE_HOME_H_
#define PGBRAID_ROUTER_SEQUENCE_HOME_H_

#include <cstdint>
#include <memory>

#include "pool/server_connection.h"

namespace pgbraid::router {

struct SequenceHome {
  int shard = -1;
  int host = -1;
  uint64_t connection = 0;  // its id; 0: the session has advanced none yet
  uint64_t turn = 0;
  std::shared_ptr<const void> owner;  // the connection knows that it lives

  explicit operator bool() const { return connection != 0; }
  bool IsAt(const pool::ServerConnection& candidate) const {
    return connection == candidate.id && turn == candidate.sequence_turn;
  }
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_SEQUENCE_HOME_H_
