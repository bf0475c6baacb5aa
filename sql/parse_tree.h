// PostgreSQL's own grammar (libpg_query, PostgreSQL 15) behind a small
// interface: a text in, an owned tree out, and ways to look at it.
//
// Parse may be called from any thread: libpg_query keeps its memory contexts in
// thread-local storage. A tree is immutable and belongs to whoever holds it.
#ifndef PGBRAID_SQL_PARSE_TREE_H_
#define PGBRAID_SQL_PARSE_TREE_H_

#include <pg_query/pg_query.pb-c.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pgbraid::sql {

// Texts that are longer, in bytes, are not parsed.
inline constexpr size_t kMaxParsedText = 1 << 20;

class ParseTree {
 public:
  enum class Outcome {
    kParsed,
    kSyntaxError,
    kTooLarge,  // longer than kMaxParsedText, or nested so deeply that
                // recursion over its tree could exhaust a thread's stack
  };

  // Reads the text as under standard_conforming_strings = on. The text holds no
  // zero bytes.
  static ParseTree Parse(std::string_view text);

  ParseTree(ParseTree&&) = default;
  ParseTree& operator=(ParseTree&&) = default;

  Outcome outcome() const { return outcome_; }
  const std::string& error() const { return error_; }

  struct Raw {
    const PgQuery__Node* node;
    uint32_t begin;  // the statement's bytes, without the ';'
    uint32_t end;
  };
  // Empty unless parsed; also empty for a text of comments only.
  const std::vector<Raw>& statements() const { return statements_; }

 private:
  struct Free {
    void operator()(PgQuery__ParseResult* result) const;
  };

  ParseTree() = default;

  Outcome outcome_ = Outcome::kParsed;
  std::string error_;
  std::unique_ptr<PgQuery__ParseResult, Free> result_;
  std::vector<Raw> statements_;
};

namespace tree {

using Node = PgQuery__Node;
using Message = ProtobufCMessage;

// Where a message type's descriptor is; specialised below for each type that
// the analysis looks at.
template <class T>
const ProtobufCMessageDescriptor* DescriptorOf();

#define PGBRAID_TREE_TYPE(Type, name)                             \
  template <>                                                     \
  inline const ProtobufCMessageDescriptor* DescriptorOf<Type>() { \
    return &pg_query__##name##__descriptor;                       \
  }
PGBRAID_TREE_TYPE(PgQuery__AArrayExpr, a__array_expr)
PGBRAID_TREE_TYPE(PgQuery__AConst, a__const)
PGBRAID_TREE_TYPE(PgQuery__AExpr, a__expr)
PGBRAID_TREE_TYPE(PgQuery__AIndirection, a__indirection)
PGBRAID_TREE_TYPE(PgQuery__AStar, a__star)
PGBRAID_TREE_TYPE(PgQuery__BoolExpr, bool_expr)
PGBRAID_TREE_TYPE(PgQuery__CallStmt, call_stmt)
PGBRAID_TREE_TYPE(PgQuery__CaseExpr, case_expr)
PGBRAID_TREE_TYPE(PgQuery__ClosePortalStmt, close_portal_stmt)
PGBRAID_TREE_TYPE(PgQuery__CollateClause, collate_clause)
PGBRAID_TREE_TYPE(PgQuery__ColumnRef, column_ref)
PGBRAID_TREE_TYPE(PgQuery__CommonTableExpr, common_table_expr)
PGBRAID_TREE_TYPE(PgQuery__CopyStmt, copy_stmt)
PGBRAID_TREE_TYPE(PgQuery__CreateSeqStmt, create_seq_stmt)
PGBRAID_TREE_TYPE(PgQuery__CreateStmt, create_stmt)
PGBRAID_TREE_TYPE(PgQuery__CreateTableAsStmt, create_table_as_stmt)
PGBRAID_TREE_TYPE(PgQuery__CurrentOfExpr, current_of_expr)
PGBRAID_TREE_TYPE(PgQuery__DeallocateStmt, deallocate_stmt)
PGBRAID_TREE_TYPE(PgQuery__DeclareCursorStmt, declare_cursor_stmt)
PGBRAID_TREE_TYPE(PgQuery__DefElem, def_elem)
PGBRAID_TREE_TYPE(PgQuery__DeleteStmt, delete_stmt)
PGBRAID_TREE_TYPE(PgQuery__DiscardStmt, discard_stmt)
PGBRAID_TREE_TYPE(PgQuery__DoStmt, do_stmt)
PGBRAID_TREE_TYPE(PgQuery__DropStmt, drop_stmt)
PGBRAID_TREE_TYPE(PgQuery__ExecuteStmt, execute_stmt)
PGBRAID_TREE_TYPE(PgQuery__ExplainStmt, explain_stmt)
PGBRAID_TREE_TYPE(PgQuery__FetchStmt, fetch_stmt)
PGBRAID_TREE_TYPE(PgQuery__FuncCall, func_call)
PGBRAID_TREE_TYPE(PgQuery__InsertStmt, insert_stmt)
PGBRAID_TREE_TYPE(PgQuery__IntoClause, into_clause)
PGBRAID_TREE_TYPE(PgQuery__JoinExpr, join_expr)
PGBRAID_TREE_TYPE(PgQuery__List, list)
PGBRAID_TREE_TYPE(PgQuery__ListenStmt, listen_stmt)
PGBRAID_TREE_TYPE(PgQuery__LockStmt, lock_stmt)
PGBRAID_TREE_TYPE(PgQuery__LockingClause, locking_clause)
PGBRAID_TREE_TYPE(PgQuery__MergeStmt, merge_stmt)
PGBRAID_TREE_TYPE(PgQuery__MergeWhenClause, merge_when_clause)
PGBRAID_TREE_TYPE(PgQuery__NamedArgExpr, named_arg_expr)
PGBRAID_TREE_TYPE(PgQuery__Node, node)
PGBRAID_TREE_TYPE(PgQuery__NotifyStmt, notify_stmt)
PGBRAID_TREE_TYPE(PgQuery__NullTest, null_test)
PGBRAID_TREE_TYPE(PgQuery__ParamRef, param_ref)
PGBRAID_TREE_TYPE(PgQuery__PrepareStmt, prepare_stmt)
PGBRAID_TREE_TYPE(PgQuery__RangeFunction, range_function)
PGBRAID_TREE_TYPE(PgQuery__RangeSubselect, range_subselect)
PGBRAID_TREE_TYPE(PgQuery__RangeTableFunc, range_table_func)
PGBRAID_TREE_TYPE(PgQuery__RangeTableSample, range_table_sample)
PGBRAID_TREE_TYPE(PgQuery__RangeVar, range_var)
PGBRAID_TREE_TYPE(PgQuery__ResTarget, res_target)
PGBRAID_TREE_TYPE(PgQuery__RowExpr, row_expr)
PGBRAID_TREE_TYPE(PgQuery__SelectStmt, select_stmt)
PGBRAID_TREE_TYPE(PgQuery__SetToDefault, set_to_default)
PGBRAID_TREE_TYPE(PgQuery__SortBy, sort_by)
PGBRAID_TREE_TYPE(PgQuery__SQLValueFunction, sqlvalue_function)
PGBRAID_TREE_TYPE(PgQuery__String, string)
PGBRAID_TREE_TYPE(PgQuery__SubLink, sub_link)
PGBRAID_TREE_TYPE(PgQuery__TransactionStmt, transaction_stmt)
PGBRAID_TREE_TYPE(PgQuery__TruncateStmt, truncate_stmt)
PGBRAID_TREE_TYPE(PgQuery__TypeCast, type_cast)
PGBRAID_TREE_TYPE(PgQuery__TypeName, type_name)
PGBRAID_TREE_TYPE(PgQuery__UnlistenStmt, unlisten_stmt)
PGBRAID_TREE_TYPE(PgQuery__UpdateStmt, update_stmt)
PGBRAID_TREE_TYPE(PgQuery__VariableSetStmt, variable_set_stmt)
PGBRAID_TREE_TYPE(PgQuery__VariableShowStmt, variable_show_stmt)
PGBRAID_TREE_TYPE(PgQuery__ViewStmt, view_stmt)
PGBRAID_TREE_TYPE(PgQuery__WithClause, with_clause)
#undef PGBRAID_TREE_TYPE

// The message as a T, or null if it is another type (or null).
template <class T>
const T* As(const Message* message) {
  return message != nullptr && message->descriptor == DescriptorOf<T>()
             ? reinterpret_cast<const T*>(message)
             : nullptr;
}

// What a node wraps, or null.
inline const Message* Inside(const Node* node) {
  if (node == nullptr || node->node_case == PG_QUERY__NODE__NODE__NOT_SET) {
    return nullptr;
  }
  return reinterpret_cast<const Message*>(node->alias);
}

template <class T>
const T* As(const Node* node) {
  return As<T>(Inside(node));
}

template <class T>
const Message* Base(const T* message) {
  return reinterpret_cast<const Message*>(message);
}

// A repeated field of nodes.
class Nodes {
 public:
  Nodes(Node* const* data, size_t size) : data_(data), size_(size) {}
  Node* const* begin() const { return data_; }
  Node* const* end() const { return data_ + size_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Node* operator[](size_t i) const { return data_[i]; }

 private:
  Node* const* data_;
  size_t size_;
};
#define PGBRAID_NODES(owner, field) \
  ::pgbraid::sql::tree::Nodes((owner).field, (owner).n_##field)

// The text of a String node, or empty.
std::string_view StringOf(const Node* node);

// A dotted name as the grammar gives it: its last part and what stands before.
struct Name {
  std::string schema;  // empty if not qualified
  std::string name;
  bool usable = false;  // one or two parts, all of them strings
};
Name NameOf(Nodes parts);

// The direct submessages of a message, in the order of its fields.
void AppendChildren(const Message& message,
                    std::vector<const Message*>& children);

// Calls visit(const Message&) for the message and everything below it, from the
// outside in. Nothing below a message is visited if visit returns false for it.
template <class Visitor>
void Walk(const Message* message, Visitor&& visit) {
  if (message == nullptr) return;
  std::vector<const Message*> pending = {message};
  std::vector<const Message*> children;
  while (!pending.empty()) {
    const Message* next = pending.back();
    pending.pop_back();
    if (!visit(*next)) continue;
    children.clear();
    AppendChildren(*next, children);
    pending.insert(pending.end(), children.rbegin(), children.rend());
  }
}

}  // namespace tree
}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_PARSE_TREE_H_
