// Keeps what was learnt from texts, so that only a new text is analysed.
//
// An entry is found by the text's shape (fingerprint.h) and its context (what
// else the analysis depends on); both are compared exactly on a hit, since a
// mere collision of hashes would route a write as a read. A value that depends
// on its literals is kept "by text": its shape then only holds a mark that says
// so, and the value is found by the whole text in a second look-up. Texts
// without a shape (Fingerprint::ok false) are known by their whole text alone.
// Once marked, a shape stays by text until the mark is evicted.
//
// What must be kept by text: whatever was read off a literal's value, and a
// text that the grammar refused (it may have refused a literal, such as a bad
// escape, so that the next text of the same shape is good).
//
// Bounded in entries and in bytes; the victim is found by CLOCK (second
// chance): an entry that was never found again goes first, so that a stream of
// one-time texts does not wash out those that are in use.
//
// Owned by one reactor and used on its thread only: no locks.
#ifndef PGBRAID_SQL_STATEMENT_CACHE_H_
#define PGBRAID_SQL_STATEMENT_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "base/check.h"
#include "sql/fingerprint.h"
#include "sql/shape.h"
#include "sql/statement_cache_context.h"

namespace pgbraid::sql {

struct StatementCacheOptions {
  size_t max_entries = 10'000;          // at least 1
  size_t max_bytes = 64 * 1024 * 1024;  // keys, values and overhead
  uint64_t seed = 0;                    // the process's, as for MakeFingerprint
};

struct StatementCacheStats {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t insertions = 0;  // marks are not counted
  uint64_t evictions = 0;   // for room, marks too
  uint64_t refused = 0;     // too large to be kept (over max_bytes / 8)
  size_t entries = 0;       // now, with marks
  size_t bytes = 0;         // now
};

template <class Value>
class StatementCache {
 public:
  using ValuePtr = std::shared_ptr<const Value>;

  explicit StatementCache(const StatementCacheOptions& options)
      : options_(options) {
    PGB_CHECK(options.max_entries >= 1);
  }
  StatementCache(const StatementCache&) = delete;
  StatementCache& operator=(const StatementCache&) = delete;

  // The value for `text`, whose fingerprint is `fingerprint`, under `context`;
  // null if there is none. The pointer holds until the next Insert or Clear:
  // copy the shared pointer to keep the value across a suspension.
  const ValuePtr* Find(std::string_view text, const Fingerprint& fingerprint,
                       StatementCacheContext context) {
    if (fingerprint.ok) {
      Entry* entry = FindShape(text, fingerprint, context);
      if (entry == nullptr) return Miss();
      entry->referenced = true;
      if (entry->value != nullptr) return Hit(entry);
    }
    Entry* entry = FindText(text, context);
    if (entry == nullptr) return Miss();
    entry->referenced = true;
    return Hit(entry);
  }

  // Keeps `value` (not null) for all texts of this shape, or for this very text
  // if `by_text` (or if there is no shape, or the shape is marked by text).
  // Replaces what was kept under the same key. `value_bytes` is the memory that
  // the value holds, for the bound.
  void Insert(std::string_view text, const Fingerprint& fingerprint,
              StatementCacheContext context, ValuePtr value, bool by_text,
              size_t value_bytes) {
    PGB_CHECK(value != nullptr);
    if (fingerprint.ok) {
      Entry* entry = FindShape(text, fingerprint, context);
      const bool marked = entry != nullptr && entry->value == nullptr;
      if (!by_text && !marked) {
        if (entry != nullptr) Remove(entry->ring_index);
        Add(MakeShapeEntry(text, fingerprint, context, std::move(value)),
            value_bytes);
        return;
      }
      if (!marked) {
        if (entry != nullptr) Remove(entry->ring_index);
        std::unique_ptr<Entry> mark =
            MakeShapeEntry(text, fingerprint, context, nullptr);
        mark->referenced = true;
        if (!Add(std::move(mark), 0)) return;
      }
    }
    if (Entry* entry = FindText(text, context)) Remove(entry->ring_index);
    Add(MakeTextEntry(text, context, std::move(value)), value_bytes);
  }

  void Clear() {
    index_.clear();
    ring_.clear();
    hand_ = 0;
    stats_.bytes = 0;
    stats_.entries = 0;
  }

  const StatementCacheStats& stats() const { return stats_; }

 private:
  struct Entry {
    uint64_t hash = 0;
    StatementCacheContext context;
    ValuePtr value;              // null: a mark, look for the whole text
    std::optional<Shape> shape;  // not set: `text` is the key
    std::string text;
    bool referenced = false;  // found since the hand passed
    size_t bytes = 0;
    size_t ring_index = 0;
  };
  struct ShapeKey {
    uint64_t hash;
    StatementCacheContext context;
    std::string_view text;
    const Fingerprint& fingerprint;
  };
  struct TextKey {
    uint64_t hash;
    StatementCacheContext context;
    std::string_view text;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const Entry* entry) const { return entry->hash; }
    size_t operator()(const ShapeKey& key) const { return key.hash; }
    size_t operator()(const TextKey& key) const { return key.hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry* a, const Entry* b) const { return a == b; }
    bool operator()(const Entry* entry, const ShapeKey& key) const {
      return entry->hash == key.hash && entry->context == key.context &&
             entry->shape.has_value() &&
             entry->shape->Matches(key.text, key.fingerprint);
    }
    bool operator()(const Entry* entry, const TextKey& key) const {
      return entry->hash == key.hash && entry->context == key.context &&
             !entry->shape.has_value() && entry->text == key.text;
    }
  };

  static uint64_t KeyHash(uint64_t hash, StatementCacheContext context) {
    return hash ^ (context.id * 0x9e3779b97f4a7c15u);
  }

  Entry* FindShape(std::string_view text, const Fingerprint& fingerprint,
                   StatementCacheContext context) {
    const auto it = index_.find(ShapeKey{KeyHash(fingerprint.hash, context),
                                         context, text, fingerprint});
    return it == index_.end() ? nullptr : *it;
  }

  Entry* FindText(std::string_view text, StatementCacheContext context) {
    const auto it = index_.find(TextKey{
        KeyHash(HashText(text, options_.seed), context), context, text});
    return it == index_.end() ? nullptr : *it;
  }

  static std::unique_ptr<Entry> MakeShapeEntry(std::string_view text,
                                               const Fingerprint& fingerprint,
                                               StatementCacheContext context,
                                               ValuePtr value) {
    auto entry = std::make_unique<Entry>();
    entry->hash = KeyHash(fingerprint.hash, context);
    entry->context = context;
    entry->value = std::move(value);
    entry->shape.emplace(text, fingerprint);
    return entry;
  }

  std::unique_ptr<Entry> MakeTextEntry(std::string_view text,
                                       StatementCacheContext context,
                                       ValuePtr value) {
    auto entry = std::make_unique<Entry>();
    entry->hash = KeyHash(HashText(text, options_.seed), context);
    entry->context = context;
    entry->value = std::move(value);
    entry->text = text;
    return entry;
  }

  // Makes room and takes the entry in; false if it is too large to be kept.
  bool Add(std::unique_ptr<Entry> entry, size_t value_bytes) {
    entry->bytes = sizeof(Entry) + 2 * sizeof(void*) + entry->text.capacity() +
                   (entry->shape ? entry->shape->HeapBytes() : 0) + value_bytes;
    if (entry->bytes > options_.max_bytes / 8) {
      ++stats_.refused;
      return false;
    }
    while (!ring_.empty() &&
           (ring_.size() >= options_.max_entries ||
            stats_.bytes + entry->bytes > options_.max_bytes)) {
      EvictOne();
    }
    if (entry->value != nullptr) ++stats_.insertions;
    stats_.bytes += entry->bytes;
    entry->ring_index = ring_.size();
    index_.insert(entry.get());
    ring_.push_back(std::move(entry));
    stats_.entries = ring_.size();
    return true;
  }

  void EvictOne() {
    for (;;) {
      if (hand_ >= ring_.size()) hand_ = 0;
      if (!ring_[hand_]->referenced) break;
      ring_[hand_]->referenced = false;
      ++hand_;
    }
    ++stats_.evictions;
    Remove(hand_);
  }

  void Remove(size_t ring_index) {
    Entry* entry = ring_[ring_index].get();
    index_.erase(entry);
    stats_.bytes -= entry->bytes;
    if (ring_index + 1 != ring_.size()) {
      ring_[ring_index] = std::move(ring_.back());
      ring_[ring_index]->ring_index = ring_index;
    }
    ring_.pop_back();
    stats_.entries = ring_.size();
  }

  const ValuePtr* Hit(const Entry* entry) {
    ++stats_.hits;
    return &entry->value;
  }
  const ValuePtr* Miss() {
    ++stats_.misses;
    return nullptr;
  }

  const StatementCacheOptions options_;
  absl::flat_hash_set<Entry*, Hash, Equal> index_;
  std::vector<std::unique_ptr<Entry>> ring_;  // owns; the clock's face
  size_t hand_ = 0;
  StatementCacheStats stats_;
};

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_STATEMENT_CACHE_H_
