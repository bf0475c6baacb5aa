#include "topology/key_parse.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

#include "topology/civil_time.h"
#include "topology/key_text.h"

namespace pgbraid::topology {
namespace {

constexpr Oid kUnknownOid = 705;
constexpr int32_t kVarcharHeader = 4;  // what atttypmod adds to the length

ParsedKey FromWide(KeyType type, WideInt number) {
  int64_t low = std::numeric_limits<int64_t>::min();
  int64_t high = std::numeric_limits<int64_t>::max();
  if (type == KeyType::kInt2) {
    low = std::numeric_limits<int16_t>::min();
    high = std::numeric_limits<int16_t>::max();
  } else if (type == KeyType::kInt4) {
    low = std::numeric_limits<int32_t>::min();
    high = std::numeric_limits<int32_t>::max();
  }
  if (number < low) return {ParsedKey::Outcome::kBelowAll, {}};
  if (number > high) return {ParsedKey::Outcome::kAboveAll, {}};
  return ParsedKey::Of(KeyValue::Int(static_cast<int64_t>(number)));
}

ParsedKey FromBytes(const KeyColumn& column, std::string_view bytes,
                    const KeyContext& context) {
  if (!context.utf8 || !column.deterministic) return ParsedKey::NotProvable();
  if (bytes.find('\0') != std::string_view::npos) {
    return ParsedKey::NotProvable();
  }
  if (column.type == KeyType::kVarchar && column.typmod >= kVarcharHeader) {
    size_t limit = static_cast<size_t>(column.typmod - kVarcharHeader);
    if (bytes.size() > limit && CountUtf8Characters(bytes) > limit) {
      return ParsedKey::NotProvable();
    }
  }
  return ParsedKey::Of(KeyValue::Text(std::string(bytes)));
}

// Whether a timestamp column of this precision keeps the value as it is.
bool KeepsMicros(const KeyColumn& column, int64_t micros) {
  if (column.typmod < 0) return true;
  int64_t unit = 1;
  for (int32_t digits = column.typmod; digits < 6; ++digits) unit *= 10;
  return micros % unit == 0;
}

// A value of the temporal type `from` as one of the column's type, where both
// mean the same in every comparison and assignment.
ParsedKey ConvertTemporal(const KeyColumn& column, KeyType from, int64_t value,
                          const KeyContext& context) {
  KeyType to = column.type;
  bool zone_matters =
      (from == KeyType::kTimestamptz) != (to == KeyType::kTimestamptz);
  if (zone_matters && !context.utc) return ParsedKey::NotProvable();
  if (from == KeyType::kDate && to == KeyType::kDate) {
    return ParsedKey::Of(KeyValue::Int(value));
  }
  if (from == KeyType::kDate) value *= kMicrosPerDay;
  if (to == KeyType::kDate) {
    if (FloorMod(value, kMicrosPerDay) != 0) return ParsedKey::NotProvable();
    return ParsedKey::Of(KeyValue::Int(FloorDiv(value, kMicrosPerDay)));
  }
  if (!KeepsMicros(column, value)) return ParsedKey::NotProvable();
  return ParsedKey::Of(KeyValue::Int(value));
}

// The value of a text that PostgreSQL reads as the temporal type `from`.
std::optional<int64_t> ReadTemporal(KeyType from, std::string_view text,
                                    const KeyContext& context) {
  if (from == KeyType::kDate) return ReadDate(text);
  std::optional<TimestampText> read = ReadTimestamp(text);
  if (!read) return std::nullopt;
  // timestamp's input passes over an offset; nobody should rely on that.
  if (from == KeyType::kTimestamp) {
    return read->offset ? std::nullopt : std::optional(read->micros);
  }
  if (!read->offset && !context.utc) return std::nullopt;
  return read->micros - read->offset.value_or(0) * kMicrosPerSecond;
}

// A text that PostgreSQL reads as the type `from` before it meets the column.
ParsedKey FromText(const KeyColumn& column, KeyType from, std::string_view text,
                   const KeyContext& context) {
  if (IsInteger(from) && IsInteger(column.type)) {
    std::optional<WideInt> number = ReadInteger(text);
    return number ? FromWide(column.type, *number) : ParsedKey::NotProvable();
  }
  if (IsText(from) && IsText(column.type)) {
    return FromBytes(column, text, context);
  }
  if (from == KeyType::kUuid && column.type == KeyType::kUuid) {
    std::optional<KeyValue::UuidBytes> uuid = ReadUuid(text);
    return uuid ? ParsedKey::Of(KeyValue::Uuid(*uuid))
                : ParsedKey::NotProvable();
  }
  if (IsTemporal(from) && IsTemporal(column.type)) {
    std::optional<int64_t> value = ReadTemporal(from, text, context);
    return value ? ConvertTemporal(column, from, *value, context)
                 : ParsedKey::NotProvable();
  }
  return ParsedKey::NotProvable();
}

// The big-endian number that fills `bytes`.
template <class Int>
std::optional<int64_t> ReadBigEndian(std::string_view bytes) {
  if (bytes.size() != sizeof(Int)) return std::nullopt;
  std::make_unsigned_t<Int> number = 0;
  for (char c : bytes) {
    number = static_cast<decltype(number)>(uint64_t{number} << 8 |
                                           static_cast<unsigned char>(c));
  }
  return static_cast<Int>(number);
}

std::optional<int64_t> ReadBinaryNumber(KeyType from, std::string_view bytes) {
  switch (from) {
    case KeyType::kInt2:
      return ReadBigEndian<int16_t>(bytes);
    case KeyType::kInt4:
      return ReadBigEndian<int32_t>(bytes);
    case KeyType::kDate: {
      std::optional<int64_t> days = ReadBigEndian<int32_t>(bytes);
      bool infinite = days == std::numeric_limits<int32_t>::min() ||
                      days == std::numeric_limits<int32_t>::max();
      return infinite ? std::nullopt : days;
    }
    case KeyType::kInt8:
      return ReadBigEndian<int64_t>(bytes);
    case KeyType::kTimestamp:
    case KeyType::kTimestamptz: {
      std::optional<int64_t> micros = ReadBigEndian<int64_t>(bytes);
      bool infinite = micros == std::numeric_limits<int64_t>::min() ||
                      micros == std::numeric_limits<int64_t>::max();
      return infinite ? std::nullopt : micros;
    }
    default:
      return std::nullopt;
  }
}

// The type that PostgreSQL reads a parameter as.
std::optional<KeyType> ParameterType(const KeyColumn& column, Oid declared) {
  if (declared == 0 || declared == kUnknownOid) return column.type;
  return KeyTypeFromOid(declared);
}

}  // namespace

bool IsUtcTimeZone(std::string_view time_zone) {
  return time_zone == "UTC" || time_zone == "Etc/UTC" || time_zone == "GMT" ||
         time_zone == "Etc/GMT" || time_zone == "Zulu" ||
         time_zone == "Etc/Zulu" || time_zone == "Universal" ||
         time_zone == "UCT";
}

ParsedKey FromLiteral(const KeyColumn& column, const Literal& literal,
                      const KeyContext& context) {
  std::optional<KeyType> from = column.type;
  if (!literal.cast.empty()) from = KeyTypeFromName(literal.cast);
  if (!from) return ParsedKey::NotProvable();
  if (literal.form == LiteralForm::kString) {
    // -'42' is float8's minus.
    if (literal.negated) return ParsedKey::NotProvable();
    return FromText(column, *from, literal.text, context);
  }
  if (literal.form != LiteralForm::kInteger || !IsInteger(*from) ||
      !IsInteger(column.type)) {
    return ParsedKey::NotProvable();
  }
  std::optional<WideInt> number = ReadInteger(literal.text);
  if (!number) return ParsedKey::NotProvable();
  return FromWide(column.type, literal.negated ? -*number : *number);
}

ParsedKey FromTextParameter(const KeyColumn& column, Oid declared,
                            std::string_view text, const KeyContext& context) {
  std::optional<KeyType> from = ParameterType(column, declared);
  return from ? FromText(column, *from, text, context)
              : ParsedKey::NotProvable();
}

ParsedKey FromBinaryParameter(const KeyColumn& column, Oid declared,
                              std::string_view bytes,
                              const KeyContext& context) {
  std::optional<KeyType> from = ParameterType(column, declared);
  if (!from) return ParsedKey::NotProvable();
  if (IsText(*from) && IsText(column.type)) {
    return FromBytes(column, bytes, context);
  }
  if (*from == KeyType::kUuid && column.type == KeyType::kUuid) {
    KeyValue::UuidBytes uuid;
    if (bytes.size() != uuid.size()) return ParsedKey::NotProvable();
    bytes.copy(uuid.data(), uuid.size());
    return ParsedKey::Of(KeyValue::Uuid(uuid));
  }
  std::optional<int64_t> number = ReadBinaryNumber(*from, bytes);
  if (!number) return ParsedKey::NotProvable();
  if (IsInteger(*from) && IsInteger(column.type)) {
    return FromWide(column.type, *number);
  }
  if (IsTemporal(*from) && IsTemporal(column.type)) {
    return ConvertTemporal(column, *from, *number, context);
  }
  return ParsedKey::NotProvable();
}

}  // namespace pgbraid::topology
