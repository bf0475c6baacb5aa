#include "wire/startup_settings.h"

#include <algorithm>

namespace pgbraid::wire {
namespace {

// C's isspace() in the C locale.
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
  }
  return lower;
}

void Put(std::string_view name, std::string_view value,
         std::vector<Setting>* settings) {
  Setting setting{LowerCase(name), std::string(value)};
  const auto same =
      std::find_if(settings->begin(), settings->end(),
                   [&](const Setting& s) { return s.name == setting.name; });
  if (same == settings->end()) {
    settings->push_back(std::move(setting));
  } else {
    same->value = std::move(setting.value);
  }
}

// `text` is "name=value"; `option` is how the user wrote it, for errors.
Status PutAssignment(std::string_view text, std::string_view option,
                     std::vector<Setting>* settings) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return SqlError(sqlstate::kSyntaxError,
                    std::string(option) + " requires a value");
  }
  std::string name(text.substr(0, equals));
  std::replace(name.begin(), name.end(), '-', '_');
  Put(name, text.substr(equals + 1), settings);
  return OkStatus();
}

Status InvalidArgument(std::string_view word) {
  return SqlError(
      sqlstate::kSyntaxError,
      "invalid command-line argument for server process: " + std::string(word));
}

Status ReadOptions(std::string_view options, std::vector<Setting>* settings) {
  const std::vector<std::string> words = SplitOptions(options);
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word.starts_with("--") && word.size() > 2) {
      PGB_RETURN_IF_ERROR(PutAssignment(word.substr(2), word, settings));
    } else if (word == "-c") {
      if (++i == words.size()) return InvalidArgument(word);
      PGB_RETURN_IF_ERROR(PutAssignment(words[i], "-c " + words[i], settings));
    } else if (word.starts_with("-c")) {
      PGB_RETURN_IF_ERROR(PutAssignment(
          word.substr(2), "-c " + std::string(word.substr(2)), settings));
    } else if (word.size() > 1 && word[0] == '-' && word[1] != '-') {
      return SqlError(
          sqlstate::kFeatureNotSupported,
          "switch " + std::string(word) + " in options is not supported", {},
          "Use -c name=value.");
    } else {
      return InvalidArgument(word);
    }
  }
  return OkStatus();
}

bool IsSetting(std::string_view parameter) {
  return parameter != "user" && parameter != "database" &&
         parameter != "options" && parameter != "replication";
}

}  // namespace

std::vector<std::string> SplitOptions(std::string_view options) {
  std::vector<std::string> words;
  size_t at = 0;
  while (true) {
    while (at < options.size() && IsSpace(options[at])) ++at;
    if (at == options.size()) return words;
    std::string word;
    while (at < options.size() && !IsSpace(options[at])) {
      if (options[at] == '\\') {
        if (++at == options.size()) break;
      }
      word.push_back(options[at++]);
    }
    words.push_back(std::move(word));
  }
}

StatusOr<std::vector<Setting>> ParseOptions(std::string_view options) {
  std::vector<Setting> settings;
  PGB_RETURN_IF_ERROR(ReadOptions(options, &settings));
  return settings;
}

StatusOr<std::vector<Setting>> StartupSettings(const StartupPacket& packet) {
  std::vector<Setting> settings;
  PGB_RETURN_IF_ERROR(ReadOptions(packet.Find("options"), &settings));
  for (const auto& [name, value] : packet.parameters) {
    if (IsSetting(name)) Put(name, value, &settings);
  }
  return settings;
}

}  // namespace pgbraid::wire
