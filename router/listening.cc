#include "router/listening.h"

namespace pgbraid::router {

void Listening::Add(std::string_view channel, std::string message) {
  waiting_.push_back({std::string(channel), std::move(message)});
  waiting_bytes_ += waiting_.back().bytes();
}

std::string Listening::Take() {
  std::string taken;
  for (const Waiting& waiting : waiting_) {
    if (channels.Contains(waiting.channel)) taken += waiting.message;
  }
  Drop();
  return taken;
}

void Listening::ForgetEarly() {
  std::erase_if(waiting_, [this](const Waiting& waiting) {
    if (channels.Contains(waiting.channel)) return false;
    waiting_bytes_ -= waiting.bytes();
    return true;
  });
}

void Listening::Drop() {
  waiting_.clear();
  waiting_bytes_ = 0;
}

}  // namespace pgbraid::router
