#include "net/poller.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "net/errno_status.h"

namespace pgbraid::net::internal {

struct Poller::Batch {
  static constexpr int kMaxEvents = 256;
  epoll_event events[kMaxEvents];
  int count = 0;
  int next = 0;  // the first that was not yet told
};

namespace {

uint32_t Translate(uint32_t epoll_events) {
  uint32_t events = 0;
  if (epoll_events & EPOLLIN) events |= Poller::kReadable;
  if (epoll_events & EPOLLOUT) events |= Poller::kWritable;
  if (epoll_events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
    events |= Poller::kHungUp;
  }
  if (epoll_events & EPOLLPRI) events |= Poller::kUrgent;
  return events;
}

epoll_event Interest(Poller::Handler* handler, Poller::Writable writable) {
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  if (writable == Poller::Writable::kWatch) event.events |= EPOLLOUT;
  event.data.ptr = handler;
  return event;
}

}  // namespace

StatusOr<std::unique_ptr<Poller>> Poller::Create() {
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return ErrnoStatus("could not create an epoll descriptor", errno);
  return std::unique_ptr<Poller>(new Poller(fd, std::make_unique<Batch>()));
}

Poller::Poller(int epoll_fd, std::unique_ptr<Batch> batch)
    : epoll_fd_(epoll_fd), batch_(std::move(batch)) {}

Poller::~Poller() { close(epoll_fd_); }

int Poller::Add(int fd, Handler* handler, Writable writable) {
  epoll_event event = Interest(handler, writable);
  return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

void Poller::Change(int fd, Handler* handler, Writable writable) {
  epoll_event event = Interest(handler, writable);
  PGB_CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) == 0);
}

void Poller::Remove(int fd, Handler* handler) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  for (int i = batch_->next; i < batch_->count; ++i) {
    if (batch_->events[i].data.ptr == handler) {
      batch_->events[i].data.ptr = nullptr;
    }
  }
}

void Poller::Wait(int timeout_ms) {
  batch_->next = 0;
  batch_->count =
      epoll_wait(epoll_fd_, batch_->events, Batch::kMaxEvents, timeout_ms);
  if (batch_->count < 0) {
    PGB_CHECK(errno == EINTR);
    batch_->count = 0;
  }
}

void Poller::Dispatch() {
  while (batch_->next < batch_->count) {
    const epoll_event& event = batch_->events[batch_->next++];
    if (event.data.ptr == nullptr) continue;
    static_cast<Handler*>(event.data.ptr)->OnEvents(Translate(event.events));
  }
}

}  // namespace pgbraid::net::internal
