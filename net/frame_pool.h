// Memory for coroutine frames: a free list for each thread and size class, so
// that a call on the query's way costs no trip to the allocator.
//
// Any thread may call; a frame may be freed on another thread than the one that
// made it. Bounded: a thread keeps at most kMaxKept free frames of each class,
// and gives them back when it ends. Frames above kMaxPooled bytes go straight
// to operator new.
#ifndef PGBRAID_NET_FRAME_POOL_H_
#define PGBRAID_NET_FRAME_POOL_H_

#include <cstddef>
#include <cstdint>
#include <new>

namespace pgbraid::net::internal {

class FramePool {
 public:
  static constexpr size_t kClassBytes = 64;
  static constexpr size_t kMaxPooled = 2048;
  static constexpr uint32_t kMaxKept = 64;

  static void* Allocate(size_t bytes);

  // `bytes` is what Allocate() was asked for.
  static void Free(void* frame, size_t bytes);

 private:
  struct FreeFrame {
    FreeFrame* next;
  };
  struct SizeClass {
    FreeFrame* first;
    uint32_t kept;
  };
  static constexpr size_t kClasses = kMaxPooled / kClassBytes;
  // Constant-initialised and trivial, so that access needs no guard.
  struct Lists {
    SizeClass classes[kClasses];
    bool ends_with_thread;  // the clean-up at the thread's end is arranged
    bool closed;            // it has run
  };
  struct Cleaner;

  static size_t ClassOf(size_t bytes) { return (bytes - 1) / kClassBytes; }
  static void FreeSlow(void* frame, size_t size_class);

  static constinit thread_local Lists lists_;
};

// Under AddressSanitizer every frame comes from the allocator, which then sees
// a use after its end.
#if defined(__SANITIZE_ADDRESS__)
inline void* FramePool::Allocate(size_t bytes) { return ::operator new(bytes); }
inline void FramePool::Free(void* frame, size_t) { ::operator delete(frame); }
#else
inline void* FramePool::Allocate(size_t bytes) {
  if (bytes > kMaxPooled) return ::operator new(bytes);
  const size_t size_class = ClassOf(bytes);
  SizeClass& list = lists_.classes[size_class];
  if (list.first == nullptr) {
    return ::operator new((size_class + 1) * kClassBytes);
  }
  FreeFrame* frame = list.first;
  list.first = frame->next;
  --list.kept;
  return frame;
}

inline void FramePool::Free(void* frame, size_t bytes) {
  if (bytes > kMaxPooled) return ::operator delete(frame);
  const size_t size_class = ClassOf(bytes);
  SizeClass& list = lists_.classes[size_class];
  if (!lists_.ends_with_thread || list.kept == kMaxKept) [[unlikely]] {
    return FreeSlow(frame, size_class);
  }
  list.first = ::new (frame) FreeFrame{list.first};
  ++list.kept;
}
#endif

}  // namespace pgbraid::net::internal

#endif  // PGBRAID_NET_FRAME_POOL_H_
