#include "net/send_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace pgbraid::net::internal {
namespace {

// What the first `count` parts hold.
std::string Front(const SendQueue& queue, int count) {
  std::vector<iovec> parts(static_cast<size_t>(count));
  const int used = queue.Front(parts.data(), count);
  std::string result;
  for (int i = 0; i < used; ++i) {
    result.append(static_cast<char*>(parts[i].iov_base), parts[i].iov_len);
  }
  return result;
}

TEST(SendQueueTest, IsEmptyAtFirst) {
  SendQueue queue;
  queue.Append("");
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(Front(queue, 4), "");
}

TEST(SendQueueTest, SmallPiecesShareAChunk) {
  SendQueue queue;
  queue.Append("one ");
  queue.Append("two");
  EXPECT_EQ(Front(queue, 1), "one two");
  queue.Consume(4);
  EXPECT_EQ(Front(queue, 1), "two");
  queue.Consume(3);
  EXPECT_EQ(queue.size(), 0u);
  queue.Append("three");
  EXPECT_EQ(Front(queue, 1), "three");
}

TEST(SendQueueTest, LargePiecesSpanChunks) {
  SendQueue queue;
  std::string data(5 * SendQueue::kChunkBytes, '\0');
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i / 7);
  queue.Append(data);
  EXPECT_EQ(queue.size(), data.size());
  EXPECT_LT(Front(queue, 1).size(), data.size());
  EXPECT_EQ(Front(queue, 100), data);
  queue.Consume(data.size());
  EXPECT_EQ(queue.size(), 0u);
}

TEST(SendQueueTest, AgreesWithAString) {
  SendQueue queue;
  std::string expected;
  std::mt19937 random(11);
  for (int step = 0; step < 2'000; ++step) {
    const std::string piece(random() % 40'000, static_cast<char>(step));
    queue.Append(piece);
    expected += piece;
    const size_t taken = std::min<size_t>(expected.size(), random() % 41'000);
    queue.Consume(taken);
    expected.erase(0, taken);
    ASSERT_EQ(queue.size(), expected.size());
    const std::string front = Front(queue, 3);
    ASSERT_EQ(front, expected.substr(0, front.size()));
    ASSERT_EQ(front.empty(), expected.empty());
  }
}

}  // namespace
}  // namespace pgbraid::net::internal
