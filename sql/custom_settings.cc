#include "sql/custom_settings.h"

#include <algorithm>
#include <utility>

namespace pgbraid::sql {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool IsWordByte(char c) {
  const char lower = Lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

// Reads words and names from left to right.
class Reader {
 public:
  explicit Reader(std::string_view code) : code_(code) {}

  // Goes behind the next word of the code and gives it in lower case; empty at
  // the end.
  std::string NextWord() {
    while (at_ < code_.size() && !IsWordByte(code_[at_])) ++at_;
    return Word();
  }

  // The word here, if there is one.
  std::string Word() {
    std::string word;
    while (at_ < code_.size() && IsWordByte(code_[at_])) {
      word += Lower(code_[at_++]);
    }
    return word;
  }

  void SkipSpace() {
    while (at_ < code_.size() && IsSpace(code_[at_])) ++at_;
  }

  bool Take(char c) {
    if (at_ >= code_.size() || code_[at_] != c) return false;
    ++at_;
    return true;
  }

  char Peek() const { return at_ < code_.size() ? code_[at_] : '\0'; }

  // What stands between two `quote`s here, in lower case.
  std::string Quoted(char quote) {
    std::string text;
    while (at_ < code_.size() && code_[at_] != quote) {
      text += Lower(code_[at_++]);
    }
    Take(quote);
    return text;
  }

  // A name here, quoted or not; empty if there is none.
  std::string Name() { return Take('"') ? Quoted('"') : Word(); }

  size_t place() const { return at_; }
  void set_place(size_t place) { at_ = place; }

 private:
  const std::string_view code_;
  size_t at_ = 0;
};

// Behind SET.
void ReadSet(Reader& reader, CustomSettings& found) {
  reader.SkipSpace();
  const size_t start = reader.place();
  const std::string scope = reader.Name();
  if (scope == "session" || scope == "local") {
    reader.SkipSpace();
  } else {
    reader.set_place(start);
  }
  std::string name = reader.Name();
  if (name.empty()) {
    // 'SET ' || name, format('SET %I ...').
    found.unknown |= reader.Peek() == '\'' || reader.Peek() == '%';
    return;
  }
  while (reader.Take('.')) name += '.' + reader.Name();
  if (!IsCustomSetting(name)) return;
  if (name.back() == '.') {
    found.unknown = true;  // 'SET app.' || name
    return;
  }
  found.Add(std::move(name));
}

// Behind set_config.
void ReadSetConfig(Reader& reader, CustomSettings& found) {
  reader.SkipSpace();
  if (!reader.Take('(')) return;
  reader.SkipSpace();
  if (Lower(reader.Peek()) == 'e') reader.Take(reader.Peek());
  // In a string of a string, quotes are doubled.
  if (!reader.Take('\'')) {
    found.unknown = true;
    return;
  }
  reader.Take('\'');
  std::string name = reader.Quoted('\'');
  reader.Take('\'');
  reader.SkipSpace();
  if (reader.Peek() != ',') {
    found.unknown = true;  // 'app.' || name
  } else if (IsCustomSetting(name)) {
    found.Add(std::move(name));
  }
}

}  // namespace

void CustomSettings::Add(std::string name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(std::move(name));
  }
}

void CustomSettings::Add(const CustomSettings& other) {
  for (const std::string& name : other.names) Add(name);
  unknown |= other.unknown;
}

CustomSettings FindCustomSettings(std::string_view code) {
  CustomSettings found;
  Reader reader(code);
  for (;;) {
    const std::string word = reader.NextWord();
    if (word.empty()) return found;
    if (word == "set") {
      ReadSet(reader, found);
    } else if (word == "set_config") {
      ReadSetConfig(reader, found);
    }
  }
}

}  // namespace pgbraid::sql
