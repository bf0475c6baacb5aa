#include "router/key_values.h"

#include <optional>
#include <string>
#include <utility>

#include "sql/literal.h"
#include "topology/key_type.h"
#include "wire/reader.h"

namespace pgbraid::router {
namespace {

using topology::KeyColumn;
using topology::ParsedKey;

// Array types of the key types: int2[], int4[], int8[], text[], varchar[],
// uuid[], date[], timestamp[], timestamptz[].
wire::Oid ElementOf(wire::Oid array) {
  switch (array) {
    case 1005:
      return 21;
    case 1007:
      return 23;
    case 1016:
      return 20;
    case 1009:
      return 25;
    case 1015:
      return 1043;
    case 2951:
      return 2950;
    case 1182:
      return 1082;
    case 1115:
      return 1114;
    case 1185:
      return 1184;
    default:
      return 0;
  }
}

bool IsMissing(const ExecutionValues& values, size_t parameter) {
  if (values.bind != nullptr && parameter < values.bind->values.size()) {
    return false;
  }
  if (values.missing != nullptr) *values.missing = true;
  return true;
}

wire::Oid DeclaredType(const ExecutionValues& values, size_t parameter) {
  return parameter < values.parameter_types.size()
             ? values.parameter_types[parameter]
             : 0;
}

// A parameter that stands in several places may get its type from another one
// (float4, say, which rounds what is compared).
bool TypeIsTheColumns(const ExecutionValues& values, size_t parameter) {
  return values.used_once != nullptr && parameter < values.used_once->size() &&
         (*values.used_once)[parameter];
}

ParsedKey ReadParameter(const ExecutionValues& values,
                        const sql::Operand& operand, const KeyColumn& column,
                        bool* is_null) {
  size_t parameter = static_cast<size_t>(operand.index) - 1;
  if (IsMissing(values, parameter)) return ParsedKey::NotProvable();
  if (operand.negated) return ParsedKey::NotProvable();
  const wire::Value& value = values.bind->values[parameter];
  if (!value) {
    *is_null = true;
    return ParsedKey::NotProvable();
  }
  int16_t format = values.bind->FormatOf(parameter);
  wire::Oid declared = DeclaredType(values, parameter);
  if (!operand.cast.empty()) {
    auto cast = topology::KeyTypeFromName(operand.cast);
    if (!cast) return ParsedKey::NotProvable();
    if (declared != 0 && declared != topology::OidOf(*cast)) {
      return ParsedKey::NotProvable();
    }
    if (declared == 0) {
      // $1::int8 makes the parameter an int8, unless another place decides.
      if (!TypeIsTheColumns(values, parameter)) {
        return ParsedKey::NotProvable();
      }
      declared = topology::OidOf(*cast);
    }
  } else if (declared == 0 && !TypeIsTheColumns(values, parameter)) {
    return ParsedKey::NotProvable();
  }
  return format == wire::kBinaryFormat
             ? topology::FromBinaryParameter(column, declared, *value,
                                             values.context)
             : topology::FromTextParameter(column, declared, *value,
                                           values.context);
}

ParsedKey ReadLiteral(const ExecutionValues& values,
                      const sql::Operand& operand, const KeyColumn& column) {
  if (values.fingerprint == nullptr || !values.fingerprint->ok ||
      operand.index >= values.fingerprint->literals.size()) {
    return ParsedKey::NotProvable();
  }
  const sql::Literal& found = values.fingerprint->literals[operand.index];
  topology::Literal literal;
  literal.negated = operand.negated;
  literal.cast = operand.cast;
  std::string decoded;
  if (sql::IsInteger(found.kind)) {
    literal.form = topology::LiteralForm::kInteger;
    literal.text = sql::PlainValue(values.text, found);
  } else if (found.kind == sql::LiteralKind::kString) {
    literal.form = topology::LiteralForm::kString;
    literal.text = sql::PlainValue(values.text, found);
  } else if (found.kind == sql::LiteralKind::kOtherString) {
    auto value = sql::LiteralValue(values.text, found, values.modes);
    if (!value) return ParsedKey::NotProvable();
    decoded = *std::move(value);
    literal.form = topology::LiteralForm::kString;
    literal.text = decoded;
  } else {
    literal.text = sql::PlainValue(values.text, found);
  }
  return topology::FromLiteral(column, literal, values.context);
}

// '{1,2,3}': elements without quotes, escapes, blanks or nesting; anything else
// is not provable.
bool SplitSimpleArray(std::string_view text,
                      std::vector<std::string_view>* elements) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') {
    return false;
  }
  text = text.substr(1, text.size() - 2);
  if (text.empty()) return true;
  for (char c : text) {
    if (c == '{' || c == '}' || c == '"' || c == '\\' || c == ' ' ||
        c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f') {
      return false;
    }
  }
  for (;;) {
    size_t comma = text.find(',');
    elements->push_back(text.substr(0, comma));
    if (elements->back().empty()) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

bool IsNullWord(std::string_view text) {
  if (text.size() != 4) return false;
  constexpr std::string_view kNull = "null";
  for (size_t i = 0; i < 4; ++i) {
    if ((text[i] | 0x20) != kNull[i]) return false;
  }
  return true;
}

bool AddElement(ParsedKey parsed, std::vector<topology::KeyValue>* elements) {
  if (!parsed.provable()) return false;
  if (parsed.has_value()) elements->push_back(std::move(parsed.value));
  return true;
}

bool ReadTextArray(std::string_view text, wire::Oid element_type,
                   const ExecutionValues& values, const KeyColumn& column,
                   std::vector<topology::KeyValue>* elements) {
  std::vector<std::string_view> parts;
  if (!SplitSimpleArray(text, &parts)) return false;
  for (std::string_view part : parts) {
    // Under array_nulls = off it would be a string.
    if (IsNullWord(part)) return false;
    if (!AddElement(topology::FromTextParameter(column, element_type, part,
                                                values.context),
                    elements)) {
      return false;
    }
  }
  return true;
}

// array := dimensions(4) has_null(4) element_type(4)
//          { size(4) lower_bound(4) }* { length(4) bytes }*
bool ReadBinaryArray(std::string_view bytes, const ExecutionValues& values,
                     const KeyColumn& column,
                     std::vector<topology::KeyValue>* elements) {
  wire::MessageReader reader(bytes);
  uint32_t dimensions = reader.GetInt32();
  reader.GetInt32();
  wire::Oid element_type = reader.GetInt32();
  if (!reader.ok() || dimensions > 1) return false;
  if (dimensions == 0) return reader.Finish().ok();
  uint32_t count = reader.GetInt32();
  reader.GetInt32();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    uint32_t length = reader.GetInt32();
    if (length == 0xFFFFFFFFu) continue;
    std::string_view element = reader.GetBytes(length);
    if (!reader.ok() ||
        !AddElement(topology::FromBinaryParameter(column, element_type, element,
                                                  values.context),
                    elements)) {
      return false;
    }
  }
  return reader.Finish().ok();
}

}  // namespace

ParsedKey ReadOperand(const ExecutionValues& values,
                      const sql::Operand& operand, const KeyColumn& column,
                      bool* is_null) {
  *is_null = false;
  switch (operand.kind) {
    case sql::Operand::Kind::kLiteral:
      return ReadLiteral(values, operand, column);
    case sql::Operand::Kind::kParam:
      return ReadParameter(values, operand, column, is_null);
    case sql::Operand::Kind::kNull:
      *is_null = true;
      return ParsedKey::NotProvable();
    default:
      return ParsedKey::NotProvable();
  }
}

bool ReadArrayOperand(const ExecutionValues& values,
                      const sql::Operand& operand, const KeyColumn& column,
                      std::vector<topology::KeyValue>* elements) {
  if (!operand.cast.empty() || operand.negated) return false;
  if (operand.kind == sql::Operand::Kind::kNull) return true;
  if (operand.kind == sql::Operand::Kind::kLiteral) {
    if (values.fingerprint == nullptr || !values.fingerprint->ok ||
        operand.index >= values.fingerprint->literals.size()) {
      return false;
    }
    const sql::Literal& literal = values.fingerprint->literals[operand.index];
    if (literal.kind != sql::LiteralKind::kString) return false;
    return ReadTextArray(sql::PlainValue(values.text, literal), 0, values,
                         column, elements);
  }
  if (operand.kind != sql::Operand::Kind::kParam) return false;
  size_t parameter = static_cast<size_t>(operand.index) - 1;
  if (IsMissing(values, parameter)) return false;
  const wire::Value& value = values.bind->values[parameter];
  if (!value) return true;
  int16_t format = values.bind->FormatOf(parameter);
  wire::Oid declared = DeclaredType(values, parameter);
  wire::Oid element_type = ElementOf(declared);
  if (declared != 0 && element_type == 0) return false;
  if (declared == 0 && !TypeIsTheColumns(values, parameter)) {
    return false;
  }
  return format == wire::kBinaryFormat
             ? ReadBinaryArray(*value, values, column, elements)
             : ReadTextArray(*value, element_type, values, column, elements);
}

}  // namespace pgbraid::router
