#include "net/frame_pool.h"

namespace pgbraid::net::internal {

constinit thread_local FramePool::Lists FramePool::lists_ = {};

// Gives the free frames back when the thread ends. Frames that are freed later
// still (by other destructors of the thread) find the lists closed.
struct FramePool::Cleaner {
  Cleaner() { lists_.ends_with_thread = true; }
  ~Cleaner() {
    lists_.ends_with_thread = false;
    lists_.closed = true;
    for (SizeClass& list : lists_.classes) {
      while (FreeFrame* frame = list.first) {
        list.first = frame->next;
        ::operator delete(frame);
      }
      list.kept = 0;
    }
  }
};

void FramePool::FreeSlow(void* frame, size_t size_class) {
  SizeClass& list = lists_.classes[size_class];
  if (lists_.closed || list.kept == kMaxKept) return ::operator delete(frame);
  static thread_local Cleaner cleaner;
  list.first = ::new (frame) FreeFrame{list.first};
  ++list.kept;
}

}  // namespace pgbraid::net::internal
