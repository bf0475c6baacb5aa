#include "topology/flag_scanner.h"

#include <algorithm>

#include "topology/flag_error.h"

namespace pgbraid::topology {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || (c & 0x80) != 0;
}

char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

size_t FlagScanner::NextPlace() {
  while (place_ < text_.size() && IsBlank(text_[place_])) ++place_;
  return place_;
}

char FlagScanner::Peek() { return AtEnd() ? '\0' : text_[place_]; }

bool FlagScanner::Take(char c) {
  if (AtEnd() || text_[place_] != c) return false;
  ++place_;
  return true;
}

std::string_view FlagScanner::TakeWord(std::string_view also) {
  size_t begin = NextPlace();
  while (place_ < text_.size() &&
         (IsWordCharacter(text_[place_]) ||
          also.find(text_[place_]) != std::string_view::npos)) {
    ++place_;
  }
  return text_.substr(begin, place_ - begin);
}

bool FlagScanner::TakeKeyword(std::string_view keyword) {
  size_t begin = NextPlace();
  if (TakeWord() == keyword) return true;
  place_ = begin;
  return false;
}

std::string_view FlagScanner::TakeUntil(std::string_view stops) {
  size_t begin = NextPlace();
  while (place_ < text_.size() && !IsBlank(text_[place_]) &&
         stops.find(text_[place_]) == std::string_view::npos) {
    ++place_;
  }
  return text_.substr(begin, place_ - begin);
}

std::optional<std::string> FlagScanner::TakeQuoted(char quote) {
  size_t begin = NextPlace();
  if (!Take(quote)) return std::nullopt;
  std::string value;
  while (place_ < text_.size()) {
    char c = text_[place_++];
    if (c != quote) {
      value += c;
    } else if (place_ < text_.size() && text_[place_] == quote) {
      value += quote;
      ++place_;
    } else {
      return value;
    }
  }
  AddError(begin, "expected a closing quote");
  return std::nullopt;
}

std::optional<std::string> FlagScanner::TakeName(std::string_view expected) {
  size_t begin = NextPlace();
  if (Peek() == '"') {
    std::optional<std::string> name = TakeQuoted('"');
    if (name && name->empty()) {
      AddError(begin, expected);
      return std::nullopt;
    }
    return name;
  }
  std::string name(TakeWord("$"));
  if (name.empty() || (name[0] >= '0' && name[0] <= '9') || name[0] == '$') {
    AddError(begin, expected);
    return std::nullopt;
  }
  std::transform(name.begin(), name.end(), name.begin(), ToLower);
  return name;
}

void FlagScanner::SkipTo(std::string_view stops) {
  int depth = 0;
  char quote = '\0';
  for (; place_ < text_.size(); ++place_) {
    char c = text_[place_];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (depth == 0 && stops.find(c) != std::string_view::npos) {
      return;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && depth > 0) {
      --depth;
    }
  }
}

int FlagScanner::CharacterAt(size_t place) const {
  std::string_view before = text_.substr(0, place);
  return 1 + static_cast<int>(
                 std::count_if(before.begin(), before.end(),
                               [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string_view FlagScanner::PieceAt(size_t place) const {
  if (place >= text_.size()) return "the end";
  size_t end = place + 1;
  constexpr std::string_view kDelimiters = ",;()=<";
  // A delimiter is a piece of its own.
  if (kDelimiters.find(text_[place]) == std::string_view::npos) {
    while (end < text_.size() && !IsBlank(text_[end]) &&
           kDelimiters.find(text_[end]) == std::string_view::npos) {
      ++end;
    }
  }
  return text_.substr(place, end - place);
}

void FlagScanner::AddError(size_t place, std::string_view problem) {
  errors_.push_back(
      FlagError(flag_, CharacterAt(place), PieceAt(place), problem));
}

}  // namespace pgbraid::topology
