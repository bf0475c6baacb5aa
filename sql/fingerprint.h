// The shape of a text: what it says apart from the values of its constants,
// found in one pass without a parser.
//
// Texts that differ only in the values of their constants have the same shape,
// so that what routing learns from one serves all. White space, case, comments
// and parameters ($n) are part of the shape as written. Constants are numbered
// by their place from 0 (slots); statement.h's Operand::index refers to them.
//
// Pure functions over values; any thread.
#ifndef PGBRAID_SQL_FINGERPRINT_H_
#define PGBRAID_SQL_FINGERPRINT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "sql/lexer_modes.h"
#include "sql/literal.h"

namespace pgbraid::sql {

struct Fingerprint {
  // Of every byte outside of literals, of the literals' places and kinds, and
  // of the lexer modes. Depends on the seed: never leaves the process.
  uint64_t hash = 0;
  // In order of appearance: the index is the slot. Complete only if `ok`.
  absl::InlinedVector<Literal, 8> literals;
  uint16_t max_param = 0;  // highest n of $n, 0 without any
  // False if the shape cannot be told: the text is lexically malformed (what
  // PostgreSQL 15 would refuse), uses UESCAPE, numbers a parameter above 65535,
  // is larger than 4 GiB, or has bytes above 0x7F in an encoding that is not
  // ASCII-safe. `hash` and `literals` then mean nothing: such a text can only
  // be known as a whole.
  bool ok = false;
  // The first thing in the text is a /* comment: it may be a hint (hints.h).
  bool leading_comment = false;
  // A plain '...' string has a backslash in it, so that its value (and its end)
  // depends on standard_conforming_strings.
  bool has_backslash = false;
};

// Reads `text` (no terminating zero needed; zero bytes inside must have been
// refused before, as wire/ does) under `modes`. `seed` is random for each
// process, so that nobody can prepare texts that collide. About 0.5 ns a byte.
Fingerprint MakeFingerprint(std::string_view text, LexerModes modes,
                            uint64_t seed);

// A hash of all bytes of `text`, for texts that are known as a whole.
uint64_t HashText(std::string_view text, uint64_t seed);

// True if the two texts are equal outside of their literals, and the literals'
// places and kinds are equal: exact, where equal hashes are only likely. Both
// fingerprints must be ok and be made from these texts under the same modes.
bool SameShape(std::string_view text_a, const Fingerprint& a,
               std::string_view text_b, const Fingerprint& b);

// The slot of the literal that the location of a constant in a parse tree (a
// byte offset) speaks of: the literal that contains the offset, or the one that
// a minus sign at the offset stands before. The constant of a typed literal
// (date '2024-01-01') has the place of its string, not of the type name.
// nullopt for any other place, such as that of a word that the grammar makes a
// constant of: EXTRACT(year FROM ...).
std::optional<size_t> SlotAt(std::string_view text,
                             const Fingerprint& fingerprint, size_t offset);

}  // namespace pgbraid::sql

#endif  // PGBRAID_SQL_FINGERPRINT_H_
