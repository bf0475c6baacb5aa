#include "wire/frame_tracker.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/frontend.h"

namespace pgbraid::wire {
namespace {

TEST(FrameTrackerTest, KnowsTheBoundariesWhateverThePieces) {
  std::string bytes;
  AppendQuery("SELECT 1", &bytes);
  const size_t first = bytes.size();
  AppendSync(&bytes);
  const size_t second = bytes.size();
  AppendQuery(std::string(3000, 'x'), &bytes);
  for (const size_t piece : {1, 2, 3, 7, 100, 5000}) {
    FrameTracker tracker;
    EXPECT_TRUE(tracker.at_boundary());
    for (size_t at = 0; at < bytes.size(); at += piece) {
      tracker.Feed(std::string_view(bytes).substr(at, piece));
      const size_t end = std::min(at + piece, bytes.size());
      EXPECT_EQ(tracker.at_boundary(),
                end == first || end == second || end == bytes.size())
          << piece << " " << end;
    }
  }
}

TEST(FrameTrackerTest, AnImpossibleLengthIsNeverABoundaryAgain) {
  FrameTracker tracker;
  tracker.Feed(std::string_view("Q\0\0\0\3", 5));
  EXPECT_FALSE(tracker.at_boundary());
  tracker.Feed("anything");
  EXPECT_FALSE(tracker.at_boundary());
}

}  // namespace
}  // namespace pgbraid::wire
