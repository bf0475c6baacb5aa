#include "net/send_queue.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace pgbraid::net::internal {

struct SendQueue::Chunk {
  static constexpr size_t kCapacity =
      kChunkBytes - sizeof(Chunk*) - 2 * sizeof(uint32_t);

  Chunk* next = nullptr;
  uint32_t begin = 0;  // the first byte not taken away
  uint32_t end = 0;    // behind the last one
  char bytes[kCapacity];
};

SendQueue::~SendQueue() {
  while (first_ != nullptr) delete std::exchange(first_, first_->next);
}

void SendQueue::Append(std::string_view data) {
  size_ += data.size();
  while (!data.empty()) {
    if (last_ == nullptr || last_->end == Chunk::kCapacity) {
      Chunk* chunk = new Chunk;
      (last_ == nullptr ? first_ : last_->next) = chunk;
      last_ = chunk;
    }
    const size_t fits = std::min(data.size(), Chunk::kCapacity - last_->end);
    std::memcpy(last_->bytes + last_->end, data.data(), fits);
    last_->end += static_cast<uint32_t>(fits);
    data.remove_prefix(fits);
  }
}

int SendQueue::Front(iovec* parts, int count) const {
  int used = 0;
  for (Chunk* chunk = first_; chunk != nullptr && used < count;
       chunk = chunk->next) {
    parts[used++] = {chunk->bytes + chunk->begin, chunk->end - chunk->begin};
  }
  return used;
}

void SendQueue::Consume(size_t bytes) {
  PGB_CHECK(bytes <= size_);
  size_ -= bytes;
  while (bytes > 0) {
    const size_t here = std::min<size_t>(bytes, first_->end - first_->begin);
    first_->begin += static_cast<uint32_t>(here);
    bytes -= here;
    if (first_->begin < first_->end) return;
    Chunk* empty = std::exchange(first_, first_->next);
    if (first_ == nullptr) last_ = nullptr;
    delete empty;
  }
}

}  // namespace pgbraid::net::internal
