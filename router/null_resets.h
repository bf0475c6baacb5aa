// set_config('name', NULL, false) goes back to what the client's startup packet
// has said, which a pooled connection does not know: the server gets that value
// in the place of NULL.
//
// Pure functions.
#ifndef PGBRAID_ROUTER_NULL_RESETS_H_
#define PGBRAID_ROUTER_NULL_RESETS_H_

#include <memory>
#include <string_view>

#include "pool/environment.h"
#include "router/translation.h"
#include "sql/statement.h"

namespace pgbraid::router {

// `text`, which means `query`, with the values that `startup` has; null if no
// such NULL is in it. `utf8`: the text's characters are UTF-8's.
std::shared_ptr<const Translation> WithStartupValues(
    std::string_view text, const sql::Query& query,
    const pool::Environment& startup, bool utf8);

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_NULL_RESETS_H_
