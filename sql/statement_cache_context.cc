#include "sql/statement_cache_context.h"

#include <functional>
#include <tuple>

#include "base/check.h"

namespace pgbraid::sql {
namespace {

auto Tie(const StatementCacheContextParts& parts) {
  return std::make_tuple(
      parts.catalog_epoch, parts.shard_map_epoch, parts.modes.Bits(),
      parts.hints_allowed, std::cref(parts.database), std::cref(parts.role),
      std::cref(parts.search_path), std::cref(parts.settings));
}

}  // namespace

bool StatementCacheContextInterner::Less::operator()(
    const StatementCacheContextParts& a,
    const StatementCacheContextParts& b) const {
  return Tie(a) < Tie(b);
}

StatementCacheContextInterner::StatementCacheContextInterner(size_t limit)
    : limit_(limit) {
  PGB_CHECK(limit >= 1);
}

StatementCacheContext StatementCacheContextInterner::Intern(
    const StatementCacheContextParts& parts) {
  const auto it = ids_.find(parts);
  if (it != ids_.end()) return {it->second};
  if (ids_.size() >= limit_) ids_.clear();
  ids_.emplace(parts, ++last_id_);
  return {last_id_};
}

}  // namespace pgbraid::sql
