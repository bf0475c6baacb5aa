// Looks at 64 bytes of a text at once: which of them may begin something that a
// fingerprint cares about.
//
// Pure; any thread. SSE2, which every x86-64 has. Inside sql/ only.
#ifndef PGBRAID_SQL_TEXT_WINDOW_H_
#define PGBRAID_SQL_TEXT_WINDOW_H_

#include <emmintrin.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pgbraid::sql {

inline constexpr size_t kWindowSize = 64;

// What the bytes are, the first one in the lowest bit.
struct TextWindow {
  uint64_t words = 0;   // what an identifier may go on with
  uint64_t starts = 0;  // digits and $: begin something unless inside a word
  uint64_t marks = 0;   // ' " - / : begin something, or may
};

// The bits of a TextWindow for the 16 bytes at `p`, in the lowest places.
inline void ClassifyBlock(const char* p, uint64_t* words, uint64_t* starts,
                          uint64_t* marks) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const auto equals = [bytes](char c) {
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));
  };
  // Bytes in [first, first + count) are the lowest ones as signed numbers.
  const auto in_range = [](__m128i value, char first, char count) {
    return _mm_cmplt_epi8(
        _mm_add_epi8(value, _mm_set1_epi8(static_cast<char>(-128 - first))),
        _mm_set1_epi8(static_cast<char>(-128 + count)));
  };
  const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  const __m128i start = _mm_or_si128(in_range(bytes, '0', 10), equals('$'));
  const __m128i word =
      _mm_or_si128(_mm_or_si128(start, equals('_')),
                   // The sign bit stands for bytes from 0x80.
                   _mm_or_si128(in_range(lower, 'a', 26), bytes));
  const __m128i mark = _mm_or_si128(_mm_or_si128(equals('\''), equals('"')),
                                    _mm_or_si128(equals('-'), equals('/')));
  *words = static_cast<uint16_t>(_mm_movemask_epi8(word));
  *starts = static_cast<uint16_t>(_mm_movemask_epi8(start));
  *marks = static_cast<uint16_t>(_mm_movemask_epi8(mark));
}

// The window that begins at `begin`; bits past the end of the text are 0.
inline TextWindow ReadWindow(std::string_view text, size_t begin) {
  const size_t size = std::min(kWindowSize, text.size() - begin);
  TextWindow window;
  uint64_t words, starts, marks;
  size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    ClassifyBlock(text.data() + begin + i, &words, &starts, &marks);
    window.words |= words << i;
    window.starts |= starts << i;
    window.marks |= marks << i;
  }
  if (i == size) return window;
  // The last bytes, without reading outside of the text.
  const size_t rest = size - i;
  size_t shift = 0;
  if (text.size() >= 16) {
    ClassifyBlock(text.data() + text.size() - 16, &words, &starts, &marks);
    shift = 16 - rest;
  } else {
    char bytes[16] = {};
    std::memcpy(bytes, text.data() + begin + i, rest);
    ClassifyBlock(bytes, &words, &starts, &marks);
  }
  window.words |= words >> shift << i;
  window.starts |= starts >> shift << i;
  window.marks |= marks >> shift << i;
  return window;
}

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_TEXT_WINDOW_H_
