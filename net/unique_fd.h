// A descriptor that is closed with its owner. Any thread, one at a time.
#ifndef PGBRAID_NET_UNIQUE_FD_H_
#define PGBRAID_NET_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace pgbraid::net::internal {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}  // negative: none
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = other.Release();
    }
    return *this;
  }
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset() {
    if (valid()) close(Release());
  }

 private:
  int fd_ = -1;
};

}  // namespace pgbraid::net::internal

#endif  // PGBRAID_NET_UNIQUE_FD_H_
