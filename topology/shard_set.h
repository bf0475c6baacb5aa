// A set of shard numbers: the answer to "which shards can hold these rows".
//
// A plain value of 32 bytes, no allocation, copied freely, any thread. Shards
// are numbered from 0 in the order of --shards; there are at most kMaxShards.
#ifndef PGBRAID_TOPOLOGY_SHARD_SET_H_
#define PGBRAID_TOPOLOGY_SHARD_SET_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "base/check.h"

namespace pgbraid::topology {

class ShardSet {
 public:
  static constexpr int kMaxShards = 256;

  // Visits the members in ascending order.
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    using pointer = const int*;
    using reference = int;

    Iterator() = default;
    Iterator(const ShardSet* set, int shard) : set_(set), shard_(shard) {}
    int operator*() const { return shard_; }
    Iterator& operator++() {
      shard_ = set_->NextFrom(shard_ + 1);
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const {
      return shard_ == other.shard_;
    }

   private:
    const ShardSet* set_ = nullptr;
    int shard_ = kMaxShards;
  };

  // The empty set.
  constexpr ShardSet() = default;
  // {0, ..., count - 1}. 0 <= count <= kMaxShards.
  static ShardSet All(int count) {
    PGB_CHECK(count >= 0 && count <= kMaxShards);
    ShardSet set;
    for (int word = 0; word < kWords && count > 0; ++word, count -= 64) {
      set.words_[word] =
          count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
    }
    return set;
  }
  // {shard}.
  static ShardSet Single(int shard) {
    ShardSet set;
    set.Add(shard);
    return set;
  }

  void Add(int shard) {
    PGB_CHECK(shard >= 0 && shard < kMaxShards);
    words_[shard / 64] |= uint64_t{1} << (shard % 64);
  }
  bool Contains(int shard) const {
    return shard >= 0 && shard < kMaxShards &&
           (words_[shard / 64] >> (shard % 64) & 1) != 0;
  }
  bool empty() const { return size() == 0; }
  int size() const {
    int count = 0;
    for (uint64_t word : words_) count += std::popcount(word);
    return count;
  }
  // The lowest member. The set must not be empty.
  int First() const {
    int first = NextFrom(0);
    PGB_CHECK(first < kMaxShards);
    return first;
  }

  Iterator begin() const { return Iterator(this, NextFrom(0)); }
  Iterator end() const { return Iterator(this, kMaxShards); }

  // Union and intersection.
  ShardSet& operator|=(const ShardSet& other) {
    for (int i = 0; i < kWords; ++i) words_[i] |= other.words_[i];
    return *this;
  }
  ShardSet& operator&=(const ShardSet& other) {
    for (int i = 0; i < kWords; ++i) words_[i] &= other.words_[i];
    return *this;
  }
  friend ShardSet operator|(ShardSet a, const ShardSet& b) { return a |= b; }
  friend ShardSet operator&(ShardSet a, const ShardSet& b) { return a &= b; }
  bool operator==(const ShardSet&) const = default;

 private:
  static constexpr int kWords = kMaxShards / 64;

  // The lowest member that is at least `shard`, or kMaxShards.
  int NextFrom(int shard) const {
    for (int word = shard / 64; word < kWords; ++word) {
      uint64_t bits = words_[word];
      if (word == shard / 64) bits &= ~uint64_t{0} << (shard % 64);
      if (bits != 0) return word * 64 + std::countr_zero(bits);
    }
    return kMaxShards;
  }

  std::array<uint64_t, kWords> words_{};
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_SHARD_SET_H_
