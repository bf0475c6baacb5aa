#include "sql/scope.h"

#include <utility>

namespace pgbraid::sql {
namespace {

// The column of `item` that goes by `name`, if exactly one does.
const Column* ColumnCalled(const FromItem& item, std::string_view name,
                           size_t& count) {
  const Column* found = nullptr;
  count = 0;
  for (size_t i = 0; i < item.column_names.size(); ++i) {
    if (item.column_names[i] != name) continue;
    ++count;
    found = &item.relation->columns[i];
  }
  return count == 1 ? found : nullptr;
}

Variable VariableOf(const FromItem& item, const Column* column) {
  if (column == nullptr || item.reference < 0) return {};
  return {&item, column};
}

}  // namespace

FromItem& Level::Add(FromItem item) {
  items_.push_back(std::make_unique<FromItem>(std::move(item)));
  return *items_.back();
}

void Level::Merge(std::string name, ItemRange range, Variable variable) {
  merged_.push_back({std::move(name), range, variable});
}

Variable Level::ResolveHere(std::string_view name, ItemRange visible,
                            bool& found) const {
  Variable result;
  size_t count = 0;
  std::vector<bool> covered(items_.size(), false);
  // The outermost join that merges the name comes last.
  for (size_t i = merged_.size(); i-- > 0;) {
    const Merged& merged = merged_[i];
    if (merged.name != name || merged.range.first < visible.first ||
        merged.range.last > visible.last || covered[merged.range.first]) {
      continue;
    }
    for (size_t k = merged.range.first; k < merged.range.last; ++k) {
      covered[k] = true;
    }
    ++count;
    result = merged.variable;
  }
  bool unknown = false;
  for (size_t i = visible.first; i < visible.last; ++i) {
    const FromItem& item = *items_[i];
    if (covered[i] || item.hidden || item.qualified_only) continue;
    if (!item.columns_known) {
      unknown = true;
      continue;
    }
    size_t same = 0;
    const Column* column = ColumnCalled(item, name, same);
    if (same == 0) continue;
    count += same;
    result = VariableOf(item, column);
  }
  // With one known column of that name an unknown one would be an error.
  found = count > 0 || unknown || !unqualified_;
  if (count != 1 || !unqualified_) return {};
  return result;
}

Variable Level::ResolveQualified(std::string_view schema, std::string_view name,
                                 std::string_view column,
                                 ItemRange visible) const {
  const Level* level = this;
  while (level != nullptr) {
    const FromItem* match = nullptr;
    size_t count = 0;
    for (size_t i = visible.first; i < visible.last; ++i) {
      const FromItem& item = *level->items_[i];
      if (item.hidden || item.name != name) continue;
      if (!schema.empty() && item.schema != schema) continue;
      match = &item;
      ++count;
    }
    if (count > 1) return {};
    if (count == 1) {
      if (!match->columns_known) return {};
      size_t same = 0;
      return VariableOf(*match, ColumnCalled(*match, column, same));
    }
    level = level->outer_;
    if (level != nullptr) visible = {0, level->items_.size()};
  }
  return {};
}

Variable Level::Resolve(const PgQuery__ColumnRef& reference,
                        ItemRange visible) const {
  const tree::Nodes fields = PGBRAID_NODES(reference, fields);
  for (const tree::Node* field : fields) {
    if (tree::As<PgQuery__String>(field) == nullptr) return {};
  }
  if (fields.size() == 3) {
    return ResolveQualified(tree::StringOf(fields[0]),
                            tree::StringOf(fields[1]),
                            tree::StringOf(fields[2]), visible);
  }
  if (fields.size() == 2) {
    return ResolveQualified({}, tree::StringOf(fields[0]),
                            tree::StringOf(fields[1]), visible);
  }
  if (fields.size() != 1) return {};
  const std::string_view name = tree::StringOf(fields[0]);
  const Level* level = this;
  while (level != nullptr) {
    bool found = false;
    const Variable variable = level->ResolveHere(name, visible, found);
    if (found) return variable;
    level = level->outer_;
    if (level != nullptr) visible = {0, level->items_.size()};
  }
  return {};
}

}  // namespace pgbraid::sql
