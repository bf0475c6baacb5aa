#include "sql/piece_hash.h"

#include <bit>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace pgbraid::sql {
namespace {

uint64_t Hash(const std::string& text, uint64_t seed = 1, uint64_t tag = 0) {
  // Of the exact size, so that a sanitizer sees reads outside of it.
  const auto exact = std::make_unique<char[]>(text.size());
  text.copy(exact.get(), text.size());
  PieceHash hash(seed);
  hash.Add(exact.get(), text.size(), tag);
  return hash.Finish();
}

TEST(PieceHashTest, EveryLengthOfEqualBytesDiffers) {
  std::set<uint64_t> seen;
  for (size_t size = 0; size < 200; ++size) {
    seen.insert(Hash(std::string(size, '\0')));
    seen.insert(Hash(std::string(size + 1, 'a')));
  }
  EXPECT_EQ(seen.size(), 400u);
}

TEST(PieceHashTest, EveryBitChangesAboutHalfOfTheHash) {
  std::mt19937_64 random(5);
  for (size_t size : {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100}) {
    double changed = 0;
    int cases = 0;
    for (int round = 0; round < 50; ++round) {
      std::string text(size, '\0');
      for (char& c : text) c = static_cast<char>(random());
      const uint64_t before = Hash(text, 42);
      for (size_t bit = 0; bit < size * 8; ++bit) {
        std::string other = text;
        other[bit / 8] ^= static_cast<char>(1 << bit % 8);
        const int bits = std::popcount(before ^ Hash(other, 42));
        ASSERT_GT(bits, 4) << size;
        changed += bits;
        ++cases;
      }
    }
    EXPECT_NEAR(changed / cases, 32, 1) << size;
  }
}

TEST(PieceHashTest, DependsOnSeedTagAndCuts) {
  EXPECT_NE(Hash("abc", 1), Hash("abc", 2));
  EXPECT_NE(Hash("abc", 1, 3), Hash("abc", 1, 4));
  PieceHash one_piece(1);
  one_piece.Add("abcd", 4, 0);
  PieceHash two_pieces(1);
  two_pieces.Add("ab", 2, 0);
  two_pieces.Add("cd", 2, 0);
  EXPECT_NE(one_piece.Finish(), two_pieces.Finish());
}

TEST(PieceHashTest, ManySimilarTextsDoNotCollide) {
  std::set<uint64_t> seen;
  for (int i = 0; i < 200'000; ++i) {
    seen.insert(Hash("SELECT a FROM t_" + std::to_string(i) + " WHERE id = "));
  }
  EXPECT_EQ(seen.size(), 200'000u);
}

}  // namespace
}  // namespace pgbraid::sql
