// What is told of sessions that keep their server connection.

#include <cstdio>
#include <string>

#include "router/session.h"

namespace pgbraid::router {

void Session::NotePins() {
  const PinReasons pins =
      state_ == nullptr ? 0 : state_->pins & ~kPinSessionPooling;
  if (pins == noted_pins_) return;
  const TimePoint now = worker_->reactor()->now();
  if (noted_pins_ == 0) pinned_since_ = now;
  noted_pins_ = pins;
  if (!worker_->options().log_pins) return;
  std::string what;
  if (pins != 0) {
    what = "kept for " + DescribePins(pins);
  } else {
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(now -
                                                              pinned_since_);
    what = "given back after " + std::to_string(milliseconds.count()) + " ms";
  }
  std::fprintf(stderr,
               "pin: client=%u address=%s user=%s database=%s: the server "
               "connection is %s\n",
               process_, client_.peer_name().c_str(),
               state_->identity->user.c_str(),
               state_->identity->database.c_str(), what.c_str());
}

}  // namespace pgbraid::router
