#include "sql/operand.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "sql/lexer.h"

namespace pgbraid::sql {
namespace {

using tree::As;
using tree::Node;

// How the minus signs between a number's place in the tree and its digits
// change it: the grammar folds them into the constant, so that only the text
// says what holds for every value of the literal.
std::optional<bool> NegatedBySigns(std::string_view signs) {
  bool negated = false;
  char before = ' ';
  for (const char c : signs) {
    if (c == '-') {
      if (before == '-') return std::nullopt;  // a comment
      negated = !negated;
    } else if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '(') {
      return std::nullopt;
    }
    before = c;
  }
  return negated;
}

Operand MakeLiteral(const PgQuery__AConst& constant, const Source& source) {
  Operand operand;
  if (constant.isnull) {
    operand.kind = Operand::Kind::kNull;
    return operand;
  }
  if (constant.val_case == PG_QUERY__A__CONST__VAL_BOOLVAL ||
      source.fingerprint == nullptr || !source.fingerprint->ok ||
      constant.location < 0) {
    return operand;
  }
  const auto location = static_cast<size_t>(constant.location);
  const std::optional<size_t> slot =
      SlotAt(source.text, *source.fingerprint, location);
  if (!slot || *slot > std::numeric_limits<uint16_t>::max()) return operand;
  const Literal& literal = source.fingerprint->literals[*slot];
  if (IsNumber(literal.kind) && location < literal.begin) {
    const std::optional<bool> negated =
        NegatedBySigns(source.text.substr(location, literal.begin - location));
    if (!negated) return operand;
    operand.negated = *negated;
  }
  operand.kind = Operand::Kind::kLiteral;
  operand.index = static_cast<uint16_t>(*slot);
  return operand;
}

// The types that a cast may name without changing what the value is in ways
// that only PostgreSQL can tell (name and "char" cut strings short).
constexpr std::string_view kNumberTypes[] = {"int2",    "int4",   "int8",
                                             "numeric", "float4", "float8"};
constexpr std::string_view kOtherTypes[] = {
    "text", "varchar", "uuid", "date", "timestamp", "timestamptz", "bool"};

bool IsNumberType(std::string_view name) {
  return std::find(std::begin(kNumberTypes), std::end(kNumberTypes), name) !=
         std::end(kNumberTypes);
}

bool IsPlainType(std::string_view name) {
  return IsNumberType(name) ||
         std::find(std::begin(kOtherTypes), std::end(kOtherTypes), name) !=
             std::end(kOtherTypes);
}

// A number as text is printed anew (007 is '7').
bool IsPlainCast(const Operand& operand, std::string_view type,
                 const Source& source) {
  if (type.starts_with('_')) type.remove_prefix(1);
  if (!IsPlainType(type)) return false;
  if (operand.kind != Operand::Kind::kLiteral) return true;
  const LiteralKind kind = source.fingerprint->literals[operand.index].kind;
  return IsNumber(kind) ? IsNumberType(type) : IsString(kind);
}

// Gives an operand the type that the text casts it to.
Operand WithCast(Operand operand, const PgQuery__TypeName& name,
                 const Source& source) {
  if (operand.kind == Operand::Kind::kNull) return operand;
  const Type* type = ResolveTypeName(name, source);
  const bool plain = type != nullptr && type->built_in() &&
                     type->schema == "pg_catalog" && name.n_typmods == 0 &&
                     !name.setof && operand.cast.empty();
  if (!plain || operand.kind == Operand::Kind::kUnknown ||
      !IsPlainCast(operand, type->name, source)) {
    return Operand();
  }
  operand.cast = type->name;
  return operand;
}

}  // namespace

const Type* ResolveTypeName(const PgQuery__TypeName& name,
                            const Source& source) {
  if (source.catalog() == nullptr || name.pct_type) return nullptr;
  const tree::Name parts = tree::NameOf(PGBRAID_NODES(name, names));
  if (!parts.usable) return nullptr;
  const Type* type =
      source.catalog()->ResolveType(parts.schema, parts.name, source.path);
  if (type == nullptr || name.n_array_bounds == 0) return type;
  return source.catalog()->FindType(type->array);
}

Operand MakeOperand(const Node* node, const Source& source) {
  if (const auto* constant = As<PgQuery__AConst>(node)) {
    return MakeLiteral(*constant, source);
  }
  Operand operand;
  if (const auto* parameter = As<PgQuery__ParamRef>(node)) {
    if (parameter->number <= 0 ||
        parameter->number > std::numeric_limits<uint16_t>::max()) {
      return operand;
    }
    operand.kind = Operand::Kind::kParam;
    operand.index = static_cast<uint16_t>(parameter->number);
    return operand;
  }
  if (As<PgQuery__SetToDefault>(node) != nullptr) {
    operand.kind = Operand::Kind::kDefault;
    return operand;
  }
  if (const auto* cast = As<PgQuery__TypeCast>(node)) {
    // A cast within the cast would have to be evaluated first.
    if (As<PgQuery__TypeCast>(cast->arg) != nullptr) return operand;
    return WithCast(MakeOperand(cast->arg, source), *cast->type_name, source);
  }
  return operand;
}

std::vector<Operand> MakeArrayOperands(const Node* node, const Source& source,
                                       bool& single_array) {
  single_array = false;
  const PgQuery__TypeName* cast_name = nullptr;
  const Node* inner = node;
  if (const auto* cast = As<PgQuery__TypeCast>(node)) {
    cast_name = cast->type_name;
    inner = cast->arg;
  }
  const auto* array = As<PgQuery__AArrayExpr>(inner);
  if (array == nullptr) {
    single_array = true;
    return {MakeOperand(node, source)};
  }
  const Type* element = nullptr;
  if (cast_name != nullptr) {
    const Type* type = ResolveTypeName(*cast_name, source);
    if (type == nullptr || !type->built_in() || cast_name->n_typmods != 0 ||
        type->element == 0) {
      return {Operand()};
    }
    element = source.catalog()->FindType(type->element);
    if (element == nullptr) return {Operand()};
  }
  std::vector<Operand> operands;
  for (const Node* item : PGBRAID_NODES(*array, elements)) {
    Operand operand = MakeOperand(item, source);
    if (element != nullptr && operand.kind != Operand::Kind::kNull) {
      const bool plain = operand.cast.empty() &&
                         operand.kind != Operand::Kind::kUnknown &&
                         IsPlainCast(operand, element->name, source);
      if (!plain) return {Operand()};
      operand.cast = element->name;
    }
    operands.push_back(std::move(operand));
  }
  return operands;
}

std::vector<std::string> ParseQualifiedName(std::string_view text) {
  std::vector<std::string> parts;
  Lexer lexer(text, LexerModes());
  while (true) {
    const Token word = lexer.Next();
    if (word.kind != TokenKind::kIdentifier &&
        word.kind != TokenKind::kQuotedIdentifier) {
      return {};
    }
    std::vector<std::string> part = ParseSearchPath(word.Text(text));
    if (part.size() != 1) return {};
    parts.push_back(std::move(part.front()));
    const Token next = lexer.Next();
    if (next.kind == TokenKind::kEnd) return parts;
    if (next.Text(text) != ".") return {};
  }
}

std::optional<std::string> ConstantString(const Node* node) {
  while (const auto* cast = As<PgQuery__TypeCast>(node)) node = cast->arg;
  const auto* constant = As<PgQuery__AConst>(node);
  if (constant == nullptr || constant->isnull ||
      constant->val_case != PG_QUERY__A__CONST__VAL_SVAL) {
    return std::nullopt;
  }
  return std::string(constant->sval->sval);
}

std::optional<bool> ConstantBool(const Node* node) {
  if (const auto* cast = As<PgQuery__TypeCast>(node)) node = cast->arg;
  const auto* constant = As<PgQuery__AConst>(node);
  if (constant == nullptr || constant->isnull) return std::nullopt;
  if (constant->val_case == PG_QUERY__A__CONST__VAL_BOOLVAL) {
    return constant->boolval->boolval != 0;
  }
  if (constant->val_case != PG_QUERY__A__CONST__VAL_SVAL) return std::nullopt;
  std::string text = constant->sval->sval;
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  if (text == "t" || text == "true" || text == "on" || text == "1") return true;
  if (text == "f" || text == "false" || text == "off" || text == "0") {
    return false;
  }
  return std::nullopt;
}

}  // namespace pgbraid::sql
