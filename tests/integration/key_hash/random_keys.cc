#include "tests/integration/key_hash/random_keys.h"

#include <array>
#include <string_view>

namespace pgbraid {
namespace {

using topology::KeyType;

std::string Padded(int64_t number, size_t width) {
  std::string digits = std::to_string(number);
  return std::string(width - digits.size(), '0') + digits;
}

std::string Utf8(uint32_t code) {
  std::string bytes;
  auto tail = [&](int shift) {
    bytes += static_cast<char>(0x80 | (code >> shift & 0x3F));
  };
  if (code < 0x80) {
    bytes += static_cast<char>(code);
  } else if (code < 0x800) {
    bytes += static_cast<char>(0xC0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    bytes += static_cast<char>(0xE0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    bytes += static_cast<char>(0xF0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
  return bytes;
}

}  // namespace

int64_t RandomKeys::Number(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(engine_);
}

std::string RandomKeys::Canonical(KeyType type) {
  switch (type) {
    case KeyType::kInt2:
      return Integer(16);
    case KeyType::kInt4:
      return Integer(32);
    case KeyType::kInt8:
      return Integer(64);
    case KeyType::kText:
    case KeyType::kVarchar:
      return Text();
    case KeyType::kUuid:
      return Uuid();
    case KeyType::kDate:
      return Date();
    case KeyType::kTimestamp:
      return Date() + Time();
    case KeyType::kTimestamptz:
      return Date() + Time() + Offset();
  }
  return "";
}

std::string RandomKeys::Near(KeyType type) {
  if (topology::IsTemporal(type) && OneIn(3)) {
    constexpr std::array kTypes = {KeyType::kDate, KeyType::kTimestamp,
                                   KeyType::kTimestamptz};
    type = kTypes[Number(0, 2)];
  }
  std::string text = Canonical(type);
  // Any text is canonical as text.
  if (topology::IsText(type) || OneIn(3)) return text;
  for (int64_t changes = Number(1, 3); changes > 0; --changes) Change(&text);
  return text;
}

std::string RandomKeys::Integer(int bits) {
  int64_t high = static_cast<int64_t>((uint64_t{1} << (bits - 1)) - 1);
  int64_t low = -high - 1;
  switch (Number(0, 5)) {
    case 0:
      return std::to_string(OneIn(2) ? low : high);
    case 1:
      return std::to_string(Number(-10, 10));
    case 2:  // any magnitude
      return std::to_string(Number(low, high) >> Number(0, bits - 1));
    default:
      return std::to_string(Number(low, high));
  }
}

std::string RandomKeys::Text() {
  int64_t length = Number(0, 30);
  if (OneIn(50)) length = Number(100, 2000);
  std::string text;
  for (int64_t i = 0; i < length; ++i) {
    switch (Number(0, 7)) {
      case 0:
        text += Utf8(static_cast<uint32_t>(Number(0xA0, 0x7FF)));
        break;
      case 1:
        text += Utf8(static_cast<uint32_t>(Number(0x800, 0xD7FF)));
        break;
      case 2:
        text += Utf8(static_cast<uint32_t>(Number(0x10000, 0x10FFFF)));
        break;
      case 3:  // blanks, controls, backslashes
        text += Utf8(static_cast<uint32_t>(Number(1, 0x7F)));
        break;
      default:
        text += static_cast<char>(Number('a', 'z'));
    }
  }
  return text;
}

std::string RandomKeys::Uuid() {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  std::string text;
  for (int i = 0; i < 36; ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    text += dash ? '-' : kDigits[Number(0, kDigits.size() - 1)];
  }
  return text;
}

std::string RandomKeys::Date() {
  // Near the present, or anywhere.
  int64_t year = OneIn(2) ? Number(1990, 2040) : Number(1, 9999);
  int64_t month = Number(1, 12);
  int64_t last = month == 2 ? (year % 4 == 0 && year % 100 != 0 ? 29 : 28)
                 : month == 4 || month == 6 || month == 9 || month == 11 ? 30
                                                                         : 31;
  return Padded(year, 4) + "-" + Padded(month, 2) + "-" +
         Padded(Number(1, last), 2);
}

std::string RandomKeys::Time() {
  std::string text = OneIn(4) ? "T" : " ";
  if (OneIn(4)) return text + "00:00:00";
  text += Padded(Number(0, 23), 2) + ":" + Padded(Number(0, 59), 2) + ":" +
          Padded(Number(0, 59), 2);
  int64_t digits = Number(0, 6);
  if (digits > 0) text += ".";
  for (; digits > 0; --digits) text += static_cast<char>(Number('0', '9'));
  return text;
}

std::string RandomKeys::Offset() {
  if (OneIn(4)) return "Z";
  std::string text = (OneIn(2) ? "+" : "-") + Padded(Number(0, 15), 2);
  if (OneIn(2)) {
    text += ":" + Padded(Number(0, 59), 2);
    if (OneIn(3)) text += ":" + Padded(Number(0, 59), 2);
  }
  return text;
}

void RandomKeys::Change(std::string* text) {
  constexpr std::string_view kCharacters =
      "0123456789-+:. /TtZzeE_xX{}'\tPSTUAMBCinfoday";
  size_t place = Number(0, text->size());
  char c = kCharacters[Number(0, kCharacters.size() - 1)];
  switch (Number(0, 5)) {
    case 0:
      text->insert(place, 1, c);
      break;
    case 1:
      if (place < text->size()) text->erase(place, 1);
      break;
    case 2:  // a digit more at the end
      *text += static_cast<char>(Number('0', '9'));
      break;
    case 3:
      if (place + 1 < text->size()) std::swap((*text)[place], text->back());
      break;
    default:
      if (place < text->size()) (*text)[place] = c;
  }
}

}  // namespace pgbraid
