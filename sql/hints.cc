#include "sql/hints.h"

#include "sql/lexical_forms.h"

namespace pgbraid::sql {
namespace {

constexpr std::string_view kKnown =
    "Known are shard=NAME, consistency=session, consistency=eventual, "
    "consistency=strong and primary.";

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

std::string Lower(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) c = Lower(c);
  return lower;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && lexical::Is(text.front(), lexical::kSpace)) {
    text.remove_prefix(1);
  }
  while (!text.empty() && lexical::Is(text.back(), lexical::kSpace)) {
    text.remove_suffix(1);
  }
  return text;
}

Status HintError(const std::string& message) {
  return SqlError(sqlstate::kInvalidParameterValue, message, {}, kKnown);
}

// "key" or "key=value" without white space around.
struct Item {
  std::string key;  // lower case
  std::optional<std::string> value;
};

// Takes the next item off `rest`; white space may stand around the '='.
Item TakeItem(std::string_view* rest) {
  const auto take_word = [rest] {
    size_t end = 0;
    while (end < rest->size() && (*rest)[end] != '=' && (*rest)[end] != ',' &&
           !lexical::Is((*rest)[end], lexical::kSpace)) {
      ++end;
    }
    const std::string_view word = rest->substr(0, end);
    *rest = Trim(rest->substr(end));
    return word;
  };
  Item item{Lower(take_word()), std::nullopt};
  if (!rest->empty() && rest->front() == '=') {
    *rest = Trim(rest->substr(1));
    item.value = std::string(take_word());
  }
  if (!rest->empty() && rest->front() == ',') *rest = Trim(rest->substr(1));
  return item;
}

Status SetConsistency(const std::string& value, Hint* hint) {
  const std::string word = Lower(value);
  if (word == "session") {
    hint->consistency = Hint::Consistency::kSession;
  } else if (word == "eventual") {
    hint->consistency = Hint::Consistency::kEventual;
  } else if (word == "strong") {
    hint->consistency = Hint::Consistency::kStrong;
  } else {
    return HintError("unknown consistency \"" + value + "\" in a hint");
  }
  return OkStatus();
}

Status Apply(const Item& item, Hint* hint) {
  const bool repeated = (item.key == "shard" && hint->shard) ||
                        (item.key == "consistency" && hint->consistency) ||
                        (item.key == "primary" && hint->primary);
  if (repeated) return HintError("key \"" + item.key + "\" twice in a hint");
  if (item.key == "shard" || item.key == "consistency") {
    if (!item.value || item.value->empty()) {
      return HintError("key \"" + item.key + "\" of a hint needs a value");
    }
    if (item.key == "consistency") return SetConsistency(*item.value, hint);
    hint->shard = item.value;
    return OkStatus();
  }
  if (item.key == "primary") {
    if (item.value) return HintError("key \"primary\" of a hint has no value");
    hint->primary = true;
    return OkStatus();
  }
  return HintError("unknown key \"" + item.key + "\" in a hint");
}

}  // namespace

StatusOr<Hint> ParseLeadingHint(std::string_view text) {
  constexpr std::string_view kName = "pgbraid:";
  Hint hint;
  size_t begin = 0;
  while (begin < text.size() && lexical::Is(text[begin], lexical::kSpace)) {
    ++begin;
  }
  if (text.substr(begin, 2) != "/*") return hint;
  const size_t end = lexical::SkipBlockComment(text, begin);
  if (end == lexical::kMalformed) return hint;
  std::string_view rest = Trim(text.substr(begin + 2, end - begin - 4));
  if (Lower(rest.substr(0, kName.size())) != kName) return hint;
  rest = Trim(rest.substr(kName.size()));
  while (!rest.empty()) {
    PGB_RETURN_IF_ERROR(Apply(TakeItem(&rest), &hint));
  }
  return hint;
}

}  // namespace pgbraid::sql
