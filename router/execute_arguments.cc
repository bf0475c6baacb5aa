#include "router/execute_arguments.h"

#include <optional>
#include <utility>

#include "sql/literal.h"

namespace pgbraid::router {
namespace {

// As the number is printed: EXECUTE gives its parameter the value, not the
// text.
std::string Canonical(std::string_view digits, bool negated) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return (negated && digits != "0" ? "-" : "") + std::string(digits);
}

}  // namespace

ExecuteArguments::ExecuteArguments(const sql::PreparedUse& use,
                                   const ExecutionValues& values) {
  for (const sql::Operand& operand : use.arguments) {
    plain_ = plain_ && Add(operand, values);
  }
}

bool ExecuteArguments::Add(const sql::Operand& operand,
                           const ExecutionValues& values) {
  if (!operand.cast.empty()) return false;
  if (operand.kind == sql::Operand::Kind::kNull) {
    bind_.values.push_back(std::nullopt);
    return true;
  }
  if (operand.kind != sql::Operand::Kind::kLiteral ||
      values.fingerprint == nullptr || !values.fingerprint->ok ||
      operand.index >= values.fingerprint->literals.size()) {
    return false;
  }
  const sql::Literal& literal = values.fingerprint->literals[operand.index];
  if (sql::IsInteger(literal.kind)) {
    texts_.push_back(
        Canonical(sql::PlainValue(values.text, literal), operand.negated));
  } else if (sql::IsString(literal.kind) && !operand.negated) {
    std::optional<std::string> text =
        literal.kind == sql::LiteralKind::kString
            ? std::string(sql::PlainValue(values.text, literal))
            : sql::LiteralValue(values.text, literal, values.modes);
    if (!text) return false;
    texts_.push_back(*std::move(text));
  } else {
    return false;
  }
  bind_.values.push_back(texts_.back());
  return true;
}

}  // namespace pgbraid::router
