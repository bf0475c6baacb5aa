#include "topology/flag_scanner.h"

#include <gtest/gtest.h>

namespace pgbraid::topology {
namespace {

TEST(FlagScannerTest, BlanksAndLineEndsStandBetweenPieces) {
  FlagScanner scan("--f", " a\n = \t b-1 ");
  EXPECT_EQ(scan.TakeWord(), "a");
  EXPECT_FALSE(scan.Take(':'));
  EXPECT_TRUE(scan.Take('='));
  EXPECT_EQ(scan.TakeWord("-"), "b-1");
  EXPECT_TRUE(scan.AtEnd());
  EXPECT_EQ(scan.Peek(), '\0');
}

TEST(FlagScannerTest, NamesFoldUnlessQuoted) {
  FlagScanner scan("--f", "Orders \"Or\"\"ders\"");
  EXPECT_EQ(scan.TakeName("x"), "orders");
  EXPECT_EQ(scan.TakeName("x"), "Or\"ders");
  EXPECT_TRUE(scan.errors().empty());
}

TEST(FlagScannerTest, NamesDoNotBeginWithADigitAndAreNotEmpty) {
  FlagScanner digit("--f", "1a");
  EXPECT_FALSE(digit.TakeName("expected a name").has_value());
  FlagScanner empty("--f", "\"\"");
  EXPECT_FALSE(empty.TakeName("expected a name").has_value());
  EXPECT_EQ(empty.errors(), std::vector<std::string>{
                                "--f: character 1 (\"\"): expected a name"});
}

TEST(FlagScannerTest, QuotedTextEndsWithItsQuote) {
  FlagScanner scan("--f", "'it''s' 'open");
  EXPECT_EQ(scan.TakeQuoted('\''), "it's");
  EXPECT_FALSE(scan.TakeQuoted('\'').has_value());
  EXPECT_EQ(scan.errors(),
            std::vector<std::string>{
                "--f: character 9 ('open): expected a closing quote"});
}

TEST(FlagScannerTest, KeywordsAreWholeWords) {
  FlagScanner scan("--f", "nullable null");
  EXPECT_FALSE(scan.TakeKeyword("null"));
  EXPECT_EQ(scan.TakeWord(), "nullable");
  EXPECT_TRUE(scan.TakeKeyword("null"));
}

TEST(FlagScannerTest, SkippingPassesOverQuotesAndParentheses) {
  FlagScanner scan("--f", "a('x,)', (b,c), \"d,\"), e");
  scan.SkipTo(",");
  EXPECT_TRUE(scan.Take(','));
  EXPECT_EQ(scan.TakeWord(), "e");
}

TEST(FlagScannerTest, PlacesAreCountedInCharacters) {
  FlagScanner scan("--f", "gr\xC3\xBCn !");
  scan.TakeWord();
  scan.AddErrorHere("expected nothing");
  EXPECT_EQ(scan.errors(),
            std::vector<std::string>{"--f: character 6 (!): expected nothing"});
}

TEST(FlagScannerTest, ErrorsAtTheEndSaySo) {
  FlagScanner scan("--f", "a ");
  scan.TakeWord();
  scan.AddErrorHere("expected more");
  EXPECT_EQ(scan.errors(), std::vector<std::string>{
                               "--f: character 3 (the end): expected more"});
}

}  // namespace
}  // namespace pgbraid::topology
