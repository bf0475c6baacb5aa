// From a routed query and the values of one execution to a plan. Pure.
#ifndef PGBRAID_ROUTER_PLANNER_H_
#define PGBRAID_ROUTER_PLANNER_H_

#include "router/key_values.h"
#include "router/plan.h"
#include "router/routed_query.h"

namespace pgbraid::router {

// The plan of one statement of the query (by its place).
Plan PlanStatement(const RoutedQuery& query, size_t place,
                   const ExecutionValues& values);

// The plan of the whole text, which is one implicit transaction: all statements
// on one shard, in the strictest class of them all. A single statement may
// scatter.
Plan PlanQuery(const RoutedQuery& query, const ExecutionValues& values);

// Adds `next` to what a segment has planned so far: one shard for both, or a
// refusal. Neither may scatter, except alone.
Plan Combine(Plan first, const Plan& next);

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_PLANNER_H_
