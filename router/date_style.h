// DateStyle is two settings in one, an output style and an order of the fields,
// and SET may name either alone: the other stays as it is. To have the same
// effect on another connection, it has to be put whole.
//
// Pure; any thread. Source: check_datestyle() in PostgreSQL's variable.c.
#ifndef PGBRAID_ROUTER_DATE_STYLE_H_
#define PGBRAID_ROUTER_DATE_STYLE_H_

#include <string>
#include <string_view>

namespace pgbraid::router {

// What DateStyle is after `change` ("ymd"), when it was `before` ("ISO, MDY").
// "ISO, YMD"; `change` itself if that can't be told (DEFAULT, an unknown word).
std::string MergeDateStyle(std::string_view before, std::string_view change);

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_DATE_STYLE_H_
