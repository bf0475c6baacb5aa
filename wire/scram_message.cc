#include "wire/scram_message.h"

#include <algorithm>
#include <cstdint>

namespace pgbraid::wire {
namespace {

bool IsLetter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

Status ScramMessageReader::Next(ScramAttribute* attribute) {
  if (rest_.empty()) {
    return MalformedScram("Attribute expected, but found end of string.");
  }
  attribute->name = rest_[0];
  if (!IsLetter(attribute->name)) {
    return MalformedScram("Attribute expected, but found invalid character \"" +
                          PrintableByte(attribute->name) + "\".");
  }
  if (rest_.size() < 2 || rest_[1] != '=') {
    return MalformedScram("Expected character \"=\" for attribute \"" +
                          PrintableByte(attribute->name) + "\".");
  }
  rest_.remove_prefix(2);
  const size_t comma = rest_.find(',');
  attribute->value = rest_.substr(0, comma);
  rest_.remove_prefix(comma == std::string_view::npos ? rest_.size()
                                                      : comma + 1);
  return OkStatus();
}

Status ScramMessageReader::Expect(char name, std::string_view* value) {
  if (!rest_.empty() && rest_[0] != name) {
    return MalformedScram("Expected attribute \"" + PrintableByte(name) +
                          "\" but found \"" + PrintableByte(rest_[0]) + "\".");
  }
  ScramAttribute attribute;
  PGB_RETURN_IF_ERROR(Next(&attribute));
  *value = attribute.value;
  return OkStatus();
}

Status MalformedScram(std::string_view detail) {
  return SqlError(sqlstate::kProtocolViolation, "malformed SCRAM message",
                  detail);
}

std::string PrintableByte(char byte) {
  if (byte >= 0x21 && byte <= 0x7e) return std::string(1, byte);
  constexpr std::string_view kDigits = "0123456789abcdef";
  const uint8_t value = static_cast<uint8_t>(byte);
  return std::string("0x") + kDigits[value >> 4] + kDigits[value & 15];
}

bool IsScramPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= 0x21 && c <= 0x7e && c != ','; });
}

}  // namespace pgbraid::wire
