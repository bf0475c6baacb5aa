#include "sql/text_window.h"

#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "sql/lexical_forms.h"

namespace pgbraid::sql {
namespace {

void ExpectBitsOf(std::string_view text, size_t begin) {
  const TextWindow window = ReadWindow(text, begin);
  for (size_t bit = 0; bit < kWindowSize; ++bit) {
    const bool inside = begin + bit < text.size();
    const char c = inside ? text[begin + bit] : '\0';
    const bool mark = c == '\'' || c == '"' || c == '-' || c == '/';
    const bool start = c == '$' || lexical::Is(c, lexical::kDigit);
    ASSERT_EQ(window.words >> bit & 1, lexical::Is(c, lexical::kIdentCont))
        << static_cast<int>(c);
    ASSERT_EQ(window.starts >> bit & 1, start) << static_cast<int>(c);
    ASSERT_EQ(window.marks >> bit & 1, mark) << static_cast<int>(c);
  }
}

TEST(TextWindowTest, ClassifiesEveryByteAsTheTablesDo) {
  std::string text;
  for (int c = 0; c < 256; ++c) text += static_cast<char>(c);
  for (size_t begin = 0; begin < text.size(); ++begin) {
    ExpectBitsOf(text, begin);
  }
}

TEST(TextWindowTest, ReadsTextsOfAnyLengthAndNothingBeyond) {
  std::mt19937 random(11);
  for (size_t size = 1; size <= 150; ++size) {
    // Of the exact size, so that a sanitizer sees reads outside of it.
    const auto exact = std::make_unique<char[]>(size);
    for (size_t i = 0; i < size; ++i) {
      exact[i] = static_cast<char>(random() % 256);
    }
    for (size_t begin = 0; begin < size; ++begin) {
      ExpectBitsOf(std::string_view(exact.get(), size), begin);
    }
  }
}

}  // namespace
}  // namespace pgbraid::sql
