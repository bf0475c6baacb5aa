// The arguments of an EXECUTE as the parameters that the statement is routed
// by.
#ifndef PGBRAID_ROUTER_EXECUTE_ARGUMENTS_H_
#define PGBRAID_ROUTER_EXECUTE_ARGUMENTS_H_

#include <list>
#include <string>

#include "router/key_values.h"
#include "sql/statement.h"
#include "wire/bind.h"

namespace pgbraid::router {

class ExecuteArguments {
 public:
  // `values` are those of the text with the EXECUTE in it, and are only looked
  // at here.
  ExecuteArguments(const sql::PreparedUse& use, const ExecutionValues& values);
  ExecuteArguments(const ExecuteArguments&) = delete;
  ExecuteArguments& operator=(const ExecuteArguments&) = delete;

  // All of them are plain constants. Others prove nothing.
  bool plain() const { return plain_; }
  // The parameters in text, as long as this lives.
  const wire::BindMessage& bind() const { return bind_; }

 private:
  bool Add(const sql::Operand& operand, const ExecutionValues& values);

  bool plain_ = true;
  std::list<std::string> texts_;  // its elements stay where they are
  wire::BindMessage bind_;
};

}  // namespace pgbraid::router

#endif  // PGBRAID_ROUTER_EXECUTE_ARGUMENTS_H_
