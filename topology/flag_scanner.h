// Reads the text of a flag piece by piece and collects what is wrong with it.
//
// Blanks (also line ends, from a flag file) may stand between any two pieces;
// every Take... passes over those before its piece. Pieces are views into the
// text.
//
// One parse, one thread. Internal to topology/.
#ifndef PGBRAID_TOPOLOGY_FLAG_SCANNER_H_
#define PGBRAID_TOPOLOGY_FLAG_SCANNER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbraid::topology {

class FlagScanner {
 public:
  // `flag` as errors name it ("--shards"). Both outlive the scanner.
  FlagScanner(std::string_view flag, std::string_view text)
      : flag_(flag), text_(text) {}

  // Where the next piece begins: bytes from the start.
  size_t NextPlace();
  bool AtEnd() { return NextPlace() == text_.size(); }
  // The next piece's first byte; '\0' at the end.
  char Peek();
  // Takes this one character if it comes next.
  bool Take(char c);
  // Takes the longest run of letters, digits, '_' and what else is in `also`
  // (bytes above 127 count as letters). Empty if there is none.
  std::string_view TakeWord(std::string_view also = {});
  // Takes this word if it comes next.
  bool TakeKeyword(std::string_view keyword);
  // Takes everything up to one of `stops`, a blank, or the end.
  std::string_view TakeUntil(std::string_view stops);
  // Takes 'text' or "text" (by `quote`), where a doubled quote stands for one.
  // Nothing, and no error, if the next piece does not begin with the quote; an
  // error if it does not end.
  std::optional<std::string> TakeQuoted(char quote);
  // Takes an SQL name: "quoted", or a word, folded to lower case. An error if
  // there is none.
  std::optional<std::string> TakeName(std::string_view expected);

  // Passes over the rest up to the next of `stops` (left standing) that is
  // outside of quotes and parentheses.
  void SkipTo(std::string_view stops);

  // The character, counted from 1, that stands at a place.
  int CharacterAt(size_t place) const;
  // An error at a place: the piece is what stands there up to a blank or a
  // delimiter. `problem` is a phrase ("expected a port").
  void AddError(size_t place, std::string_view problem);
  // The same, at the next piece.
  void AddErrorHere(std::string_view problem) {
    AddError(NextPlace(), problem);
  }
  // In the order in which they were found.
  const std::vector<std::string>& errors() const { return errors_; }

 private:
  std::string_view PieceAt(size_t place) const;

  const std::string_view flag_;
  const std::string_view text_;
  size_t place_ = 0;
  std::vector<std::string> errors_;
};

}  // namespace pgbraid::topology

#endif  // PGBRAID_TOPOLOGY_FLAG_SCANNER_H_
