#include "sql/code.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sql/lexer.h"
#include "sql/literal.h"

namespace pgbraid::sql {
namespace {

// Stands for a quoted name that is put into a text when it runs.
constexpr std::string_view kSomeName = "\"\x01\"";
// ... a value; no constant with this in it is known.
constexpr std::string_view kSomeValue = "'\x01'";
constexpr char kMark = '\x01';
constexpr int kMaxDepth = 8;  // of texts within texts

bool IsOneOf(std::string_view word,
             std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Something that fires triggers, or evaluates what belongs to a table.
bool Writes(std::string_view word) {
  return IsOneOf(word, {"insert", "update", "delete", "merge", "copy",
                        "truncate", "alter", "create", "refresh", "vacuum",
                        "analyze", "reindex", "cluster", "drop", "import"});
}

// Reads tables, views among them, that it is told of by name.
bool ReachesNamed(std::string_view word) {
  return IsOneOf(
      word, {"cursor_to_xml", "table_to_xml", "table_to_xml_and_xmlschema",
             "schema_to_xml", "schema_to_xml_and_xmlschema", "database_to_xml",
             "database_to_xml_and_xmlschema"});
}

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Other languages than SQL and PL/pgSQL send their SQL by functions of their
// own, in strings that nobody takes apart here.
bool SendsText(std::string_view word) {
  return word.starts_with("spi") || word.starts_with("plpy") ||
         word.starts_with("plv8") ||
         word.find("exec") != std::string_view::npos ||
         word.find("query") != std::string_view::npos ||
         word.find("prepare") != std::string_view::npos;
}

class Reader {
 public:
  enum class Kind { kStatement, kCode };

  Reader(std::string_view text, LexerModes modes, Kind kind, int depth,
         Code* found)
      : text_(text), modes_(modes), kind_(kind), depth_(depth), found_(found) {}

  void Read() {
    Lexer lexer(text_, modes_);
    for (;;) {
      const Token token = lexer.Next();
      tokens_.push_back(token);
      if (token.kind == TokenKind::kEnd) break;
      if (token.kind == TokenKind::kMalformed) {
        // Nobody knows where its strings end.
        found_->settings.unknown = true;
        break;
      }
    }
    for (place_ = 0; place_ < tokens_.size(); ++place_) ReadToken();
  }

 private:
  const Token& At(size_t place) const {
    return tokens_[std::min(place, tokens_.size() - 1)];
  }
  std::string_view TextAt(size_t place) const { return At(place).Text(text_); }
  bool IsSelf(size_t place, char c) const {
    return At(place).kind == TokenKind::kSelf && TextAt(place)[0] == c;
  }
  bool IsString(size_t place) const {
    return At(place).kind == TokenKind::kLiteral &&
           sql::IsString(At(place).literal_kind);
  }
  // A keyword or plain name, in lower case.
  std::string WordAt(size_t place) const {
    if (At(place).kind != TokenKind::kIdentifier) return {};
    return CodeWord(TextAt(place));
  }
  void Unknown() { found_->settings.unknown = true; }

  void ReadToken() {
    const Token& token = At(place_);
    if (token.kind == TokenKind::kUnicodeIdentifier) {
      Unknown();
      return;
    }
    if (token.kind == TokenKind::kQuotedIdentifier) {
      std::string_view name = TextAt(place_);
      if (name == kSomeName) {
        ReadSomeName();
      } else {
        ReadName(CodeWord(name));
      }
      return;
    }
    if (token.kind == TokenKind::kIdentifier) ReadName(WordAt(place_));
  }

  void ReadName(const std::string& word) {
    if (word.empty()) return;
    found_->words.push_back(word);
    found_->writes |= Writes(word);
    found_->any_relation |= ReachesNamed(word);
    found_->unlistens |= word == "unlisten";
    found_->reads_channels |= word == "pg_listening_channels";
    if (RunsText(word) && IsSelf(place_ + 1, '(')) ReadExecuted(place_ + 2);
    if (kind_ == Kind::kStatement) return;
    if (word == "do" || word == "as" || word == "language") ReadBody();
    if (word == "execute" && !SpeaksOfFunction()) ReadExecuted(place_ + 1);
    if (word == "set_config" && IsSelf(place_ + 1, '(')) ReadSetConfig();
  }

  // GRANT EXECUTE ON, EXECUTE FUNCTION of a trigger.
  bool SpeaksOfFunction() const {
    const std::string next = WordAt(place_ + 1);
    const std::string last = place_ == 0 ? "" : WordAt(place_ - 1);
    return next == "function" || next == "procedure" || next == "on" ||
           last == "grant" || last == "revoke";
  }

  // DO '...', AS '...': code within the code.
  void ReadBody() {
    if (!IsString(place_ + 1)) return;
    ReadInner(Decode(place_ + 1));
  }

  void ReadInner(const std::optional<std::string>& text) {
    if (!text || depth_ >= kMaxDepth) {
      Unknown();
      return;
    }
    found_->settings.Add(NamesIn(*text));
    Reader(*text, LexerModes(), Kind::kCode, depth_ + 1, found_).Read();
  }

  static CustomSettings NamesIn(std::string_view text) {
    CustomSettings named = FindCustomSettings(text);
    named.unknown = false;
    std::erase_if(named.names, [](const std::string& name) {
      return name.find(kMark) != std::string::npos;
    });
    return named;
  }

  std::optional<std::string> Decode(size_t place) const {
    const Token& token = At(place);
    const char first = static_cast<char>(text_[token.begin] | 0x20);
    if (first == 'u') return std::nullopt;  // its escape may be any character
    std::optional<std::string> value =
        LiteralValue(text_,
                     {static_cast<uint32_t>(token.begin),
                      static_cast<uint32_t>(token.end), token.literal_kind},
                     modes_);
    if (value && value->find(kMark) != std::string::npos) return std::nullopt;
    return value;
  }

  void ReadSetConfig() {
    const size_t name = place_ + 2;
    const std::optional<std::string> text =
        IsString(name) && IsSelf(name + 1, ',') ? Decode(name) : std::nullopt;
    if (!text) {
      Unknown();
    } else if (IsCustomSetting(*text)) {
      std::string lower = *text;
      for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
      }
      found_->settings.Add(std::move(lower));
    }
  }

  // The text that is executed: terms with || between them.
  void ReadExecuted(size_t at) {
    std::string text;
    int open = 0;
    for (;;) {
      for (; IsSelf(at, '('); ++at) ++open;
      if (!ReadTerm(&at, &text)) {
        Unknown();
        return;
      }
      for (; open > 0 && IsSelf(at, ')'); ++at) --open;
      if (At(at).kind != TokenKind::kOperator) break;
      if (TextAt(at) != "||") {
        Unknown();
        return;
      }
      ++at;
    }
    const bool ends = IsSelf(at, ';') || IsSelf(at, ',') || IsSelf(at, ')') ||
                      At(at).kind == TokenKind::kEnd ||
                      IsOneOf(WordAt(at), {"into", "using", "loop"});
    if (!ends) Unknown();
    ReadInner(text);
  }

  // Behind the brackets that open at `at`.
  size_t Behind(size_t at) const {
    int open = 0;
    for (; at < tokens_.size(); ++at) {
      if (IsSelf(at, '(')) ++open;
      if (IsSelf(at, ')') && --open == 0) return at + 1;
    }
    return at;
  }

  bool ReadTerm(size_t* at, std::string* text) {
    if (IsString(*at)) {
      const std::optional<std::string> value = Decode((*at)++);
      if (value) *text += *value;
      return value.has_value();
    }
    std::string word = WordAt(*at);
    if (word == "pg_catalog" && IsSelf(*at + 1, '.')) {
      *at += 2;
      word = WordAt(*at);
    }
    if (IsSelf(*at + 1, '(')) {
      const size_t first = *at + 2;
      *at = Behind(*at + 1);
      if (word == "format" && IsString(first)) {
        return Fill(Decode(first), text);
      }
      const bool name = word == "quote_ident";
      if (!name && word != "quote_literal" && word != "quote_nullable") {
        return false;
      }
      *text += name ? kSomeName : kSomeValue;
      return true;
    }
    // table::regclass
    size_t end = *at;
    while (!WordAt(end).empty() && IsSelf(end + 1, '.')) end += 2;
    if (WordAt(end).empty() || At(end + 1).kind != TokenKind::kTypecast ||
        WordAt(end + 2) != "regclass") {
      return false;
    }
    *at = end + 3;
    *text += kSomeName;
    return true;
  }

  // What format() makes of a template.
  static bool Fill(const std::optional<std::string>& form, std::string* text) {
    if (!form) return false;
    for (size_t i = 0; i < form->size(); ++i) {
      if ((*form)[i] != '%') {
        *text += (*form)[i];
        continue;
      }
      // %1$I
      size_t verb = i + 1;
      while (verb < form->size() && (*form)[verb] >= '0' &&
             (*form)[verb] <= '9') {
        ++verb;
      }
      if (verb > i + 1 && verb < form->size() && (*form)[verb] == '$') ++verb;
      if (verb >= form->size()) return false;
      switch ((*form)[verb]) {
        case '%':
          *text += '%';
          break;
        case 'I':
          *text += kSomeName;
          break;
        case 'L':
          *text += kSomeValue;
          break;
        default:
          return false;
      }
      i = verb;
    }
    return true;
  }

  bool BeginsStatement() const {
    return place_ == 0 || IsSelf(place_ - 1, ';') ||
           IsOneOf(WordAt(place_ - 1), {"begin", "then", "else", "loop"});
  }

  // In the name of a setting: SET name, but not UPDATE t SET name.
  bool IsSet() const {
    size_t first = place_;
    while (first >= 2 && IsSelf(first - 1, '.')) first -= 2;
    if (first == 0) return false;
    std::string before = WordAt(--first);
    if (first > 0 && (before == "session" || before == "local")) {
      before = WordAt(--first);
    }
    if (before != "set") return false;
    for (; first > 0 && !IsSelf(first, ';'); --first) {
      if (WordAt(first - 1) == "update") return false;
    }
    return true;
  }

  // A name that is not known stands here: a relation's, a column's, or
  // something worse.
  void ReadSomeName() {
    const Token& token = At(place_);
    // quote_ident('set') needs no quotes, and joins what stands beside it.
    const bool joins =
        (token.begin > 0 && IsWordByte(text_[token.begin - 1])) ||
        (token.end < text_.size() && IsWordByte(text_[token.end]));
    if (joins || BeginsStatement() || IsSet()) Unknown();
    found_->any_relation = true;
    if (!IsSelf(place_ + 1, '(')) return;
    // Where a list of columns follows, it is a relation's.
    size_t first = place_;
    while (first >= 2 && IsSelf(first - 1, '.')) first -= 2;
    const std::string before = first == 0 ? "" : WordAt(first - 1);
    if (!IsOneOf(before, {"into", "table", "exists", "on", "references", "only",
                          "copy", "column", "constraint", "analyze"})) {
      Unknown();
    }
  }

  const std::string_view text_;
  const LexerModes modes_;
  const Kind kind_;
  const int depth_;
  Code* const found_;
  std::vector<Token> tokens_;
  size_t place_ = 0;
};

void Sort(Code* code) {
  std::sort(code->words.begin(), code->words.end());
  code->words.erase(std::unique(code->words.begin(), code->words.end()),
                    code->words.end());
}

// Every word of it, strings and comments included.
void ReadForeign(std::string_view code, Code* found) {
  for (size_t at = 0; at < code.size();) {
    size_t end = at;
    while (end < code.size() && IsWordByte(code[end])) ++end;
    if (end == at) {
      ++at;
      continue;
    }
    std::string word = CodeWord(code.substr(at, end - at));
    found->writes |= Writes(word);
    found->any_relation |= ReachesNamed(word);
    found->unlistens |= word == "unlisten";
    found->reads_channels |= word == "pg_listening_channels";
    found->settings.unknown |= SendsText(word);
    found->words.push_back(std::move(word));
    at = end;
  }
}

}  // namespace

void Code::Add(const Code& other) {
  settings.Add(other.settings);
  words.insert(words.end(), other.words.begin(), other.words.end());
  Sort(this);
  writes |= other.writes;
  any_relation |= other.any_relation;
  unlistens |= other.unlistens;
  reads_channels |= other.reads_channels;
  missing.insert(missing.end(), other.missing.begin(), other.missing.end());
}

size_t Code::HeapBytes() const {
  size_t bytes = sizeof(Code);
  for (const std::string& word : words) bytes += sizeof(word) + word.size();
  return bytes;
}

std::string CodeWord(std::string_view name) {
  constexpr size_t kCompared = 59;
  while (!name.empty() && !IsWordByte(name.front())) name.remove_prefix(1);
  std::string word;
  for (size_t i = 0; i < std::min(name.size(), kCompared); ++i) {
    const char c = name[i];
    if (!IsWordByte(c)) break;
    if (static_cast<unsigned char>(c) >= 0x80) {
      if (word.empty() || word.back() != '\x80') word += '\x80';
    } else {
      word += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
  }
  return word;
}

Code ReadCode(std::string_view code, std::string_view language) {
  Code found;
  if (language == "c" || language == "internal") return found;
  found.settings = FindCustomSettings(code);
  if (language == "sql" || language == "plpgsql") {
    found.settings.unknown = false;
    Reader(code, LexerModes(), Reader::Kind::kCode, 0, &found).Read();
  } else {
    ReadForeign(code, &found);
  }
  Sort(&found);
  return found;
}

Code ReadStatementCode(std::string_view statement, LexerModes modes) {
  Code found;
  Reader(statement, modes, Reader::Kind::kStatement, 0, &found).Read();
  Sort(&found);
  return found;
}

bool RunsText(std::string_view function) {
  return IsOneOf(
      function,
      {"query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema",
       "ts_stat", "ts_rewrite", "crosstab", "crosstab2", "crosstab3",
       "crosstab4", "crosstab_hash", "connectby", "xpath_table"});
}

}  // namespace pgbraid::sql
