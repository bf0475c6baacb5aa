#include "wire/command_tag.h"

#include <charconv>

namespace pgbraid::wire {

std::string CommandTag::ToString() const {
  std::string text(command);
  if (rows.has_value()) text += " " + std::to_string(*rows);
  return text;
}

CommandTag ParseCommandTag(std::string_view tag) {
  const size_t space = tag.rfind(' ');
  if (space == std::string_view::npos) return {tag, std::nullopt};
  const char* const end = tag.data() + tag.size();
  uint64_t rows = 0;
  const auto [stop, error] = std::from_chars(tag.data() + space + 1, end, rows);
  if (error != std::errc() || stop != end) return {tag, std::nullopt};
  return {tag.substr(0, space), rows};
}

}  // namespace pgbraid::wire
