#include "topology/key_text.h"

#include <algorithm>

#include "topology/civil_time.h"

namespace pgbraid::topology {
namespace {

constexpr WideInt kWideLimit = WideInt{1} << 100;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Takes fixed pieces from the front of a text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  char front() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool Take(char c) {
    if (front() != c || done()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `count` digits that make a number from `low` to `high`.
  bool TakeNumber(size_t count, int low, int high, int* number) {
    if (rest_.size() < count) return false;
    *number = 0;
    for (char c : rest_.substr(0, count)) {
      if (!IsDigit(c)) return false;
      *number = *number * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return *number >= low && *number <= high;
  }
  bool TakeDigit(int* digit) { return TakeNumber(1, 0, 9, digit); }

 private:
  std::string_view rest_;
};

// YYYY-MM-DD
bool TakeDate(Cursor* cursor, int64_t* days) {
  int year, month, day;
  if (!cursor->TakeNumber(4, 1, 9999, &year) || !cursor->Take('-') ||
      !cursor->TakeNumber(2, 1, 12, &month) || !cursor->Take('-') ||
      !cursor->TakeNumber(2, 1, DaysInMonth(year, month), &day)) {
    return false;
  }
  *days = DaysFromCivil({year, month, day});
  return true;
}

// HH:MM:SS[.f]
bool TakeTime(Cursor* cursor, int64_t* micros) {
  int hour, minute, second;
  if (!cursor->TakeNumber(2, 0, 23, &hour) || !cursor->Take(':') ||
      !cursor->TakeNumber(2, 0, 59, &minute) || !cursor->Take(':') ||
      !cursor->TakeNumber(2, 0, 59, &second)) {
    return false;
  }
  int64_t fraction = 0;
  if (cursor->Take('.')) {
    int digit = 0;
    int64_t unit = kMicrosPerSecond;
    while (unit > 1 && cursor->TakeDigit(&digit)) {
      unit /= 10;
      fraction += digit * unit;
    }
    if (unit == kMicrosPerSecond || IsDigit(cursor->front())) return false;
  }
  *micros = (hour * 3600 + minute * 60 + second) * kMicrosPerSecond + fraction;
  return true;
}

// Z | (+|-)HH[:MM[:SS]]. PostgreSQL takes displacements below 16 hours.
bool TakeOffset(Cursor* cursor, int32_t* offset) {
  *offset = 0;
  if (cursor->Take('Z')) return true;
  bool west = cursor->front() == '-';
  if (!cursor->Take('-') && !cursor->Take('+')) return false;
  int hours = 0, minutes = 0, seconds = 0;
  if (!cursor->TakeNumber(2, 0, 15, &hours)) return false;
  if (cursor->Take(':')) {
    if (!cursor->TakeNumber(2, 0, 59, &minutes)) return false;
    if (cursor->Take(':') && !cursor->TakeNumber(2, 0, 59, &seconds)) {
      return false;
    }
  }
  *offset = hours * 3600 + minutes * 60 + seconds;
  if (west) *offset = -*offset;
  return true;
}

}  // namespace

std::optional<WideInt> ReadInteger(std::string_view text) {
  bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  WideInt value = 0;
  for (char c : text) {
    if (!IsDigit(c)) return std::nullopt;
    value = std::min(value * 10 + (c - '0'), kWideLimit);
  }
  return negative ? -value : value;
}

std::optional<KeyValue::UuidBytes> ReadUuid(std::string_view text) {
  // As uuid.c's string_to_uuid: braces around it, a dash after any group of
  // four digits, or none.
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, text.size() - 2);
  }
  KeyValue::UuidBytes bytes;
  size_t at = 0;
  for (size_t filled = 0; filled < bytes.size(); ++filled) {
    if (at + 2 > text.size()) return std::nullopt;
    int high = HexDigit(text[at]);
    int low = HexDigit(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[filled] = static_cast<char>(high << 4 | low);
    at += 2;
    bool group_ends = filled % 2 == 1 && filled + 1 < bytes.size();
    if (group_ends && at < text.size() && text[at] == '-') ++at;
  }
  if (at != text.size()) return std::nullopt;
  return bytes;
}

std::optional<int64_t> ReadDate(std::string_view text) {
  Cursor cursor(text);
  int64_t days;
  if (!TakeDate(&cursor, &days) || !cursor.done()) return std::nullopt;
  return days;
}

std::optional<TimestampText> ReadTimestamp(std::string_view text) {
  Cursor cursor(text);
  int64_t days;
  if (!TakeDate(&cursor, &days)) return std::nullopt;
  TimestampText result;
  result.micros = days * kMicrosPerDay;
  if (cursor.done()) return result;

  int64_t time;
  if (!cursor.Take(' ') && !cursor.Take('T')) return std::nullopt;
  if (!TakeTime(&cursor, &time)) return std::nullopt;
  result.micros += time;
  if (cursor.done()) return result;

  int32_t offset;
  if (!TakeOffset(&cursor, &offset) || !cursor.done()) return std::nullopt;
  result.offset = offset;
  return result;
}

size_t CountUtf8Characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace pgbraid::topology
