// Finds every relation that a query reaches, at any depth, and what its rows
// must meet to matter to the query. Internal to the analysis.
//
// A level's facts are what is true of every row that it lets through: its WHERE
// and the ON of its inner joins, with those of the levels around it (a subquery
// is only evaluated for rows that matter there). How far they reach into outer
// joins is told in join_tree.h. Subqueries in FROM, CTEs and the arms of set
// operations are levels of their own.
#ifndef PGBRAID_SQL_RELATION_COLLECTOR_H_
#define PGBRAID_SQL_RELATION_COLLECTOR_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog.h"
#include "sql/facts.h"
#include "sql/findings.h"
#include "sql/join_tree.h"
#include "sql/parse_tree.h"
#include "sql/scope.h"

namespace pgbraid::sql {

class RelationCollector {
 public:
  RelationCollector(const Source& source, Findings& findings)
      : source_(source), findings_(findings) {}

  // A SELECT, INSERT, UPDATE, DELETE or MERGE.
  void CollectQuery(const tree::Node* query, Access access);
  // A relation that stands alone.
  void CollectRelation(const tree::Node* relation, Access access);
  // An expression that stands alone.
  void CollectExpression(const tree::Node* expression);

  // How many names of relations (CTEs among them) were looked at.
  size_t seen() const { return seen_; }
  // Every relation and view that was named.
  const std::vector<const Relation*>& relations() const { return relations_; }

 private:
  // The names that WITH gives to queries, innermost first.
  struct CteScope {
    const CteScope* outer = nullptr;
    std::vector<std::string> names;
  };

  // Where a query stands.
  struct Around {
    const Level* level = nullptr;  // whose columns it may name, or null
    const Facts* facts = nullptr;  // that hold there, or null
    const CteScope* ctes = nullptr;
  };

  // What a level's FOR UPDATE locks.
  struct Locks {
    bool all = false;
    std::vector<std::string> names;

    bool Covers(std::string_view name) const;
  };

  void Query(const tree::Node* query, const Around& around, Access access);
  void Select(const PgQuery__SelectStmt& select, const Around& around,
              Access access);
  void Insert(const PgQuery__InsertStmt& insert, const Around& around);
  void Update(const PgQuery__UpdateStmt& update, const Around& around);
  void Delete(const PgQuery__DeleteStmt& remove, const Around& around);
  void Merge(const PgQuery__MergeStmt& merge, const Around& around);
  void With(const PgQuery__WithClause* with, const Around& around,
            CteScope& scope);

  // The subqueries of expressions at `level`, where `facts` hold.
  void Expressions(tree::Nodes nodes, const Level& level, const Facts& facts,
                   const CteScope* ctes);
  void Expression(const tree::Message* root, const Level& level,
                  const Facts& facts, const CteScope* ctes);

  std::unique_ptr<JoinTree> FromList(tree::Nodes items, Level& level,
                                     const Around& around, const Locks& locks,
                                     Access access);
  std::unique_ptr<JoinTree> From(const tree::Node* node, Level& level,
                                 const Around& around, const Locks& locks,
                                 Access access);
  std::unique_ptr<JoinTree> Join(const PgQuery__JoinExpr& join, Level& level,
                                 const Around& around, const Locks& locks,
                                 Access access);
  void FromRelation(const PgQuery__RangeVar& range, Level& level,
                    const Around& around, const Locks& locks, Access access);

  // The relation that INSERT and its like change, as an item of `level`.
  void Target(const PgQuery__RangeVar& range, Access access, Level& level);
  // Looks the name up and lists it; fills in what it knows of the item.
  void Resolve(const PgQuery__RangeVar& range, Access access, FromItem& item);
  void CheckRead(const Relation& relation);
  // A materialized view holds rows of the tables that its query reads: it is
  // whole only where they are.
  void CheckContents(const Relation& view);
  void CheckChange(const Relation& relation);
  // The defaults of the columns that an INSERT leaves out.
  // An INSERT (or what writes DEFAULT) into it may call nextval().
  void MayAdvanceSequence(const Relation& relation);
  void CheckDefaults(const PgQuery__InsertStmt& insert,
                     const Relation& relation);

  // Stores what the facts say of the relations at the tree's leaves.
  void StoreConditions(const JoinTree& tree, const Level& level,
                       const Facts& facts);
  // What holds wherever an expression of the level is evaluated.
  Facts LevelFacts(const JoinTree* tree, const Level& level,
                   const tree::Node* where, const Around& around);

  const Source& source_;
  Findings& findings_;
  size_t seen_ = 0;
  std::vector<const Relation*> relations_;
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_RELATION_COLLECTOR_H_
