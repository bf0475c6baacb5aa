#include "router/date_style.h"

#include <cctype>

namespace pgbraid::router {
namespace {

struct Parts {
  std::string_view style;
  std::string_view order;
  bool known = true;
};

void Take(const std::string& word, Parts* parts) {
  if (word == "iso") {
    parts->style = "ISO";
  } else if (word == "sql") {
    parts->style = "SQL";
  } else if (word.starts_with("postgres")) {
    parts->style = "Postgres";
  } else if (word == "german") {
    parts->style = "German";
  } else if (word == "ymd") {
    parts->order = "YMD";
  } else if (word == "dmy" || word.starts_with("euro")) {
    parts->order = "DMY";
  } else if (word == "mdy" || word == "us" || word.starts_with("noneuro")) {
    parts->order = "MDY";
  } else {
    parts->known = false;
  }
}

Parts Read(std::string_view text) {
  Parts parts;
  std::string word;
  for (char c : text) {
    if (std::isalpha(static_cast<unsigned char>(c))) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      continue;
    }
    if (!word.empty()) Take(word, &parts);
    word.clear();
  }
  if (!word.empty()) Take(word, &parts);
  return parts;
}

}  // namespace

std::string MergeDateStyle(std::string_view before, std::string_view change) {
  Parts now = Read(change);
  Parts was = Read(before);
  if (now.style == "German" && now.order.empty()) now.order = "DMY";
  if (now.style.empty()) now.style = was.style;
  if (now.order.empty()) now.order = was.order;
  if (!now.known || now.style.empty() || now.order.empty()) {
    return std::string(change);
  }
  return std::string(now.style) + ", " + std::string(now.order);
}

}  // namespace pgbraid::router
