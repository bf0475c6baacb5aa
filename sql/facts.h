// What is known to be true of the rows of a query level that matter, as
// conditions on its variables; and what follows from it for one relation.
// Internal to the analysis.
#ifndef PGBRAID_SQL_FACTS_H_
#define PGBRAID_SQL_FACTS_H_

#include <string>
#include <utility>
#include <vector>

#include "sql/findings.h"
#include "sql/parse_tree.h"
#include "sql/scope.h"
#include "sql/statement.h"

namespace pgbraid::sql {

// A Condition whose leaves speak of variables of several items.
struct Term {
  Condition::Op op = Condition::Op::kUnknown;
  Variable variable;
  std::vector<Operand> operands;
  std::vector<Term> children;
};

struct Facts {
  std::vector<Term> terms;
  // Variables that are equal and not NULL.
  std::vector<std::pair<Variable, Variable>> same;

  void Append(const Facts& other);
};

// Where names in an expression are looked up.
struct Place {
  const Level* level = nullptr;
  ItemRange visible;
  const Source* source = nullptr;

  Variable Resolve(const PgQuery__ColumnRef& reference) const {
    return level->Resolve(reference, visible);
  }
};

// Adds what follows from `expression` (null: nothing) being true.
void AddFacts(const tree::Node* expression, const Place& place, Facts& facts);

// Adds a = b if equality of the two columns' types carries values over.
void AddSame(Variable a, Variable b, const Source& source, Facts& facts);

// The facts that say nothing of the level's items [range.first, range.last).
Facts WithoutItems(const Facts& facts, const Level& level, ItemRange range);

// True if the facts cannot hold where all columns of these items are NULL.
bool RejectNulls(const Facts& facts, const Level& level, ItemRange range);

// What the facts say of one item's own columns.
Condition ConditionOf(const Facts& facts, const FromItem& item);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_FACTS_H_
