// Bytes that wait to be sent: a queue of chunks, so that appending and taking
// away cost the same however much there is. One thread; part of a Stream, which
// has one only as long as something is unsent.
#ifndef PGBRAID_NET_SEND_QUEUE_H_
#define PGBRAID_NET_SEND_QUEUE_H_

#include <sys/uio.h>

#include <cstddef>
#include <string_view>

namespace pgbraid::net::internal {

class SendQueue {
 public:
  // Bytes of memory that a chunk takes.
  static constexpr size_t kChunkBytes = 16 * 1024;

  SendQueue() = default;
  ~SendQueue();
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  // Bytes in the queue.
  size_t size() const { return size_; }

  // Copies `data` to the end.
  void Append(std::string_view data);

  // Points up to `count` of `parts` at the first bytes; returns how many.
  int Front(iovec* parts, int count) const;

  // Takes the first `bytes` away (at most size()).
  void Consume(size_t bytes);

 private:
  struct Chunk;

  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;
  size_t size_ = 0;
};

}  // namespace pgbraid::net::internal

#endif  // PGBRAID_NET_SEND_QUEUE_H_
