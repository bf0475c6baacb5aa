// Reads the text of catalog_queries.h's results.
#ifndef PGBRAID_POOL_CATALOG_FIELDS_H_
#define PGBRAID_POOL_CATALOG_FIELDS_H_

#include <charconv>
#include <pqxx/result>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "sql/statement.h"

namespace pgbraid::pool {

// The fields of a row one after the other, as the query lists them. A NULL
// reads as empty, zero or false. Views live as long as the result.
class Fields {
 public:
  explicit Fields(const pqxx::row& row) : row_(row) {}

  bool NextIsNull() const { return row_[at_].is_null(); }
  void Skip() { ++at_; }
  std::string_view View() {
    const pqxx::field field = row_[at_++];
    return std::string_view(field.c_str(), field.size());
  }
  std::string String() { return std::string(View()); }
  bool Bool() { return View() == "t"; }

  // 0 for an empty "char".
  char Char() {
    const std::string_view text = View();
    return text.empty() ? 0 : text.front();
  }

  template <class Number>
  Number Int() {
    const std::string_view text = View();
    Number number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

  sql::Oid Oid() { return Int<sql::Oid>(); }

 private:
  const pqxx::row& row_;
  pqxx::row::size_type at_ = 0;
};

// "1 3" -> {1, 3}
template <class Number>
inline std::vector<Number> Numbers(std::string_view text) {
  std::vector<Number> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    if (*at == ' ') {
      ++at;
      continue;
    }
    Number number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc()) break;
    numbers.push_back(number);
    at = next;
  }
  return numbers;
}

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_CATALOG_FIELDS_H_
