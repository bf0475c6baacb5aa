// Which shards can hold rows of one table that matter to a statement: its
// conditions, compiled once against the table's distribution, evaluated for
// each execution with the values at hand.
//
// Immutable after construction; holds pointers into the statement and the shard
// map that it was made from, which must outlive it.
#ifndef PGBRAID_ROUTER_PRUNER_H_
#define PGBRAID_ROUTER_PRUNER_H_

#include <vector>

#include "router/key_values.h"
#include "sql/statement.h"
#include "topology/distribution.h"
#include "topology/shard_set.h"

namespace pgbraid::router {

class Pruner {
 public:
  // `table` is not kReference or kSingle.
  Pruner(const topology::TableDistribution* table,
         const sql::Condition& condition);

  // The shards whose rows may meet the condition. Never too few.
  topology::ShardSet Evaluate(const ExecutionValues& values) const;

  // Whether the condition says anything about the key at all.
  bool prunes() const { return root_.op != Node::Op::kAll; }

  const topology::TableDistribution& table() const { return *table_; }

 private:
  struct Node {
    enum class Op : uint8_t {
      kAll,
      kNone,
      kEqual,  // operands: one for each key column
      kIn,     // operands: alternatives for the single key column
      kAny,    // operands[0]: an array of alternatives
      kNull,   // the single key column IS NULL
      kLower,  // operands[0] is a lower bound
      kUpper,
      kAnd,
      kOr,
    };
    Op op = Op::kAll;
    bool inclusive = false;
    std::vector<const sql::Operand*> operands;
    std::vector<Node> children;
  };

  Node Compile(const sql::Condition& condition) const;
  Node CompileAnd(const sql::Condition& condition) const;
  topology::ShardSet Evaluate(const Node& node,
                              const ExecutionValues& values) const;
  topology::ShardSet Equal(const Node& node,
                           const ExecutionValues& values) const;
  topology::ShardSet OneOf(const sql::Operand& operand,
                           const ExecutionValues& values) const;
  topology::ShardSet Between(const Node* lower, const Node* upper,
                             const ExecutionValues& values) const;
  topology::ShardSet And(const Node& node, const ExecutionValues& values) const;

  const topology::TableDistribution* const table_;
  Node root_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_PRUNER_H_
