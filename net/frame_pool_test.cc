#include "net/frame_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace pgbraid::net::internal {
namespace {

TEST(FramePoolTest, FramesOfEverySizeAreTheCallersOwn) {
  std::vector<std::pair<void*, size_t>> frames;
  for (size_t bytes = 1; bytes < 2 * FramePool::kMaxPooled; bytes += 37) {
    void* frame = FramePool::Allocate(bytes);
    std::memset(frame, static_cast<int>(bytes), bytes);
    frames.emplace_back(frame, bytes);
  }
  for (auto [frame, bytes] : frames) {
    const auto* first = static_cast<unsigned char*>(frame);
    EXPECT_EQ(first[0], static_cast<unsigned char>(bytes));
    EXPECT_EQ(first[bytes - 1], static_cast<unsigned char>(bytes));
    FramePool::Free(frame, bytes);
  }
}

TEST(FramePoolTest, FreeFramesServeAgainFromTheSameClass) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "every frame comes from the allocator";
#endif
  void* frame = FramePool::Allocate(100);
  FramePool::Free(frame, 100);
  void* larger = FramePool::Allocate(200);
  void* again = FramePool::Allocate(128);
  EXPECT_NE(larger, frame);
  EXPECT_EQ(again, frame);
  FramePool::Free(larger, 200);
  FramePool::Free(again, 128);
}

TEST(FramePoolTest, TwoFramesAreNeverTheSame) {
  constexpr size_t kFrames = 3 * FramePool::kMaxKept;
  for (int round = 0; round < 3; ++round) {
    std::set<void*> frames;
    for (size_t i = 0; i < kFrames; ++i) {
      frames.insert(FramePool::Allocate(300));
    }
    EXPECT_EQ(frames.size(), kFrames);
    for (void* frame : frames) FramePool::Free(frame, 300);
  }
}

TEST(FramePoolTest, FramesMayBeFreedByAnotherThread) {
  std::vector<void*> frames;
  for (int i = 0; i < 100; ++i) frames.push_back(FramePool::Allocate(64));
  std::thread([&] {
    for (void* frame : frames) FramePool::Free(frame, 64);
    frames.clear();
    for (int i = 0; i < 100; ++i) frames.push_back(FramePool::Allocate(64));
  }).join();
  for (void* frame : frames) FramePool::Free(frame, 64);
}

}  // namespace
}  // namespace pgbraid::net::internal
