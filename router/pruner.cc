#include "router/pruner.h"

#include <optional>
#include <utility>

#include "absl/container/inlined_vector.h"

namespace pgbraid::router {
namespace {

using sql::Condition;
using topology::KeyBound;
using topology::KeyValue;
using topology::ParsedKey;
using topology::ShardSet;

}  // namespace

Pruner::Pruner(const topology::TableDistribution* table,
               const Condition& condition)
    : table_(table), root_(Compile(condition)) {}

Pruner::Node Pruner::Compile(const Condition& condition) const {
  const auto& keys = table_->key_columns();
  Node node;
  if (condition.op == Condition::Op::kNever) {
    node.op = Node::Op::kNone;
    return node;
  }
  if (condition.op == Condition::Op::kAnd) return CompileAnd(condition);
  if (condition.op == Condition::Op::kOr) {
    node.op = Node::Op::kOr;
    for (const Condition& child : condition.children) {
      node.children.push_back(Compile(child));
      if (node.children.back().op == Node::Op::kAll) return Node();
    }
    return node;
  }
  if (keys.size() != 1 || condition.column != keys[0]) return node;
  switch (condition.op) {
    case Condition::Op::kEq:
      node.op = Node::Op::kEqual;
      break;
    case Condition::Op::kIn:
      node.op = Node::Op::kIn;
      break;
    case Condition::Op::kAny:
      node.op = Node::Op::kAny;
      break;
    case Condition::Op::kIsNull:
      node.op = Node::Op::kNull;
      break;
    case Condition::Op::kGreater:
    case Condition::Op::kGreaterEq:
      node.op = Node::Op::kLower;
      node.inclusive = condition.op == Condition::Op::kGreaterEq;
      break;
    case Condition::Op::kLess:
    case Condition::Op::kLessEq:
      node.op = Node::Op::kUpper;
      node.inclusive = condition.op == Condition::Op::kLessEq;
      break;
    default:
      return node;
  }
  for (const sql::Operand& operand : condition.operands) {
    // A list is read in the common type of its elements.
    if (operand.cast != condition.operands[0].cast) return Node();
    node.operands.push_back(&operand);
  }
  return node;
}

Pruner::Node Pruner::CompileAnd(const Condition& condition) const {
  const auto& keys = table_->key_columns();
  Node node;
  node.op = Node::Op::kAnd;
  for (const Condition& child : condition.children) {
    Node compiled = Compile(child);
    if (compiled.op != Node::Op::kAll) {
      node.children.push_back(std::move(compiled));
    }
  }
  if (keys.size() > 1) {
    // A key of several columns is known only if all of them are.
    static const sql::Operand* const kNullOperand =
        new sql::Operand{sql::Operand::Kind::kNull, false, 0, std::string()};
    Node equal;
    equal.op = Node::Op::kEqual;
    for (const std::string& key : keys) {
      for (const Condition& child : condition.children) {
        if (child.column != key) continue;
        if (child.op == Condition::Op::kEq) {
          equal.operands.push_back(&child.operands[0]);
          break;
        }
        if (child.op == Condition::Op::kIsNull) {
          equal.operands.push_back(kNullOperand);
          break;
        }
      }
    }
    if (equal.operands.size() == keys.size()) {
      node.children.push_back(std::move(equal));
    }
  }
  if (node.children.empty()) return Node();
  if (node.children.size() == 1) {
    Node only = std::move(node.children[0]);
    return only;
  }
  return node;
}

ShardSet Pruner::Evaluate(const ExecutionValues& values) const {
  if (!table_->bound()) return table_->All();
  return Evaluate(root_, values);
}

ShardSet Pruner::Evaluate(const Node& node,
                          const ExecutionValues& values) const {
  switch (node.op) {
    case Node::Op::kAll:
      return table_->All();
    case Node::Op::kNone:
      return ShardSet();
    case Node::Op::kEqual:
      return Equal(node, values);
    case Node::Op::kIn: {
      ShardSet set;
      for (const sql::Operand* operand : node.operands) {
        set |= OneOf(*operand, values);
      }
      return set;
    }
    case Node::Op::kAny: {
      std::vector<KeyValue> elements;
      if (!ReadArrayOperand(values, *node.operands[0], table_->key_types()[0],
                            &elements)) {
        return table_->All();
      }
      ShardSet set;
      for (const KeyValue& element : elements) {
        set |= table_->ForEqual({&element, 1});
      }
      return set;
    }
    case Node::Op::kNull:
      return table_->ForNull();
    case Node::Op::kLower:
      return Between(&node, nullptr, values);
    case Node::Op::kUpper:
      return Between(nullptr, &node, values);
    case Node::Op::kAnd:
      return And(node, values);
    case Node::Op::kOr: {
      ShardSet set;
      for (const Node& child : node.children) set |= Evaluate(child, values);
      return set;
    }
  }
  return table_->All();
}

ShardSet Pruner::Equal(const Node& node, const ExecutionValues& values) const {
  if (node.operands.size() == 1) return OneOf(*node.operands[0], values);
  absl::InlinedVector<KeyValue, 2> key;
  for (size_t i = 0; i < node.operands.size(); ++i) {
    bool is_null = false;
    ParsedKey parsed = ReadOperand(values, *node.operands[i],
                                   table_->key_types()[i], &is_null);
    if (is_null) {
      // IS NULL was compiled to a NULL operand; column = NULL holds for none.
      if (node.operands[i]->kind != sql::Operand::Kind::kNull) {
        return ShardSet();
      }
      key.push_back(KeyValue::Null());
      continue;
    }
    if (parsed.never_equal()) return ShardSet();
    if (!parsed.has_value()) return table_->All();
    key.push_back(std::move(parsed.value));
  }
  return table_->ForEqual({key.data(), key.size()});
}

ShardSet Pruner::OneOf(const sql::Operand& operand,
                       const ExecutionValues& values) const {
  bool is_null = false;
  ParsedKey parsed =
      ReadOperand(values, operand, table_->key_types()[0], &is_null);
  if (is_null || parsed.never_equal()) return ShardSet();
  if (!parsed.has_value()) return table_->All();
  return table_->ForEqual({&parsed.value, 1});
}

ShardSet Pruner::Between(const Node* lower, const Node* upper,
                         const ExecutionValues& values) const {
  std::optional<KeyBound> bounds[2];
  const Node* nodes[2] = {lower, upper};
  for (int i = 0; i < 2; ++i) {
    if (nodes[i] == nullptr) continue;
    bool is_null = false;
    ParsedKey parsed = ReadOperand(values, *nodes[i]->operands[0],
                                   table_->key_types()[0], &is_null);
    if (is_null) return ShardSet();
    using Outcome = ParsedKey::Outcome;
    bool is_lower = i == 0;
    if (parsed.outcome == Outcome::kValue) {
      bounds[i] = KeyBound{std::move(parsed.value), nodes[i]->inclusive};
    } else if (parsed.outcome ==
               (is_lower ? Outcome::kAboveAll : Outcome::kBelowAll)) {
      return ShardSet();
    }
  }
  return table_->ForRange(bounds[0] ? &*bounds[0] : nullptr,
                          bounds[1] ? &*bounds[1] : nullptr);
}

ShardSet Pruner::And(const Node& node, const ExecutionValues& values) const {
  ShardSet set = table_->All();
  const Node* lower = nullptr;
  const Node* upper = nullptr;
  for (const Node& child : node.children) {
    if (child.op == Node::Op::kLower && lower == nullptr) {
      lower = &child;
    } else if (child.op == Node::Op::kUpper && upper == nullptr) {
      upper = &child;
    } else {
      set &= Evaluate(child, values);
    }
  }
  // The two ends together say more than each alone: a month of a time key.
  if (lower != nullptr || upper != nullptr) {
    set &= Between(lower, upper, values);
  }
  return set;
}

}  // namespace pgbraid::router
