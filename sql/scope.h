// Which column of which relation a name in a text means: the FROM items of a
// query level, and the levels around it. Internal to the analysis.
//
// It never guesses: a name that could mean something else than a column of a
// base relation resolves to nothing.
#ifndef PGBRAID_SQL_SCOPE_H_
#define PGBRAID_SQL_SCOPE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog_values.h"
#include "sql/parse_tree.h"

namespace pgbraid::sql {

// One entry of a FROM clause (or the target of an UPDATE, DELETE, MERGE).
struct FromItem {
  std::string name;  // what qualified column names start with
  // Not empty if the text gives no alias: the relation's schema.
  std::string schema;
  // The base relation or view; null for anything else.
  const Relation* relation = nullptr;
  // Its place in Findings::relations; -1 for what is not a base relation.
  int reference = -1;
  // The names its columns go by here, in the order of the relation's columns.
  // Unknown for what is not a relation.
  std::vector<std::string> column_names;
  bool columns_known = false;
  // Inside an aliased join: its own name and columns cannot be named.
  bool hidden = false;
  // The name of a join: only qualified names mean it.
  bool qualified_only = false;
};

// A column of a base relation in a FROM clause. Null item: not resolved.
struct Variable {
  const FromItem* item = nullptr;
  const Column* column = nullptr;

  explicit operator bool() const { return item != nullptr; }
  friend bool operator==(const Variable&, const Variable&) = default;
};

// The items [first, last) of a level.
struct ItemRange {
  size_t first = 0;
  size_t last = 0;
};

// One query level: a SELECT, UPDATE, DELETE, or MERGE.
class Level {
 public:
  // `outer`: the level around it whose columns it may name, or null.
  explicit Level(const Level* outer) : outer_(outer) {}

  FromItem& Add(FromItem item);
  size_t size() const { return items_.size(); }
  FromItem& at(size_t i) { return *items_[i]; }
  const FromItem& at(size_t i) const { return *items_[i]; }
  const Level* outer() const { return outer_; }

  // After USING: unqualified `name` means `variable` (perhaps nothing) wherever
  // all of `range` is visible.
  void Merge(std::string name, ItemRange range, Variable variable);

  // Unqualified names cannot be resolved here any more.
  void GiveUpUnqualified() { unqualified_ = false; }
  bool resolves_unqualified() const { return unqualified_; }

  // The column of this level or of one around it that the reference means.
  Variable Resolve(const PgQuery__ColumnRef& reference) const {
    return Resolve(reference, {0, items_.size()});
  }
  // The same where only the items of `visible` (and the levels around) can be
  // seen: a join's ON.
  Variable Resolve(const PgQuery__ColumnRef& reference,
                   ItemRange visible) const;

  // What an unqualified name means among the items of `visible` alone; `found`
  // tells whether some item has it (or may have it).
  Variable ResolveHere(std::string_view name, ItemRange visible,
                       bool& found) const;

 private:
  struct Merged {
    std::string name;
    ItemRange range;
    Variable variable;
  };

  Variable ResolveQualified(std::string_view schema, std::string_view name,
                            std::string_view column, ItemRange visible) const;

  const Level* const outer_;
  std::vector<std::unique_ptr<FromItem>> items_;
  std::vector<Merged> merged_;
  bool unqualified_ = true;
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_SCOPE_H_
