// The composition root: the only place that reads flags and builds objects.

#include <gflags/gflags.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "router/flags.h"
#include "router/router.h"

namespace pgbraid::router {
namespace {

constexpr Duration kCheckTimeout = std::chrono::seconds(5);

// As many clients as the system allows at all.
void RaiseFileLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int Main(int argc, char** argv) {
  StatusOr<Configuration> configuration = ReadFlags(argc, argv);
  if (!configuration.ok()) {
    std::cerr << "pgbraid: " << MessageOf(configuration.status()) << "\n";
    std::string hint = HintOf(configuration.status());
    if (!hint.empty()) std::cerr << "  " << hint << "\n";
    return 2;
  }
  RaiseFileLimit();
  signal(SIGPIPE, SIG_IGN);
  // Every thread leaves these to the loop below.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Router router(std::move(configuration->options),
                std::move(configuration->map),
                std::move(configuration->credentials));
  Status started = router.Start(kCheckTimeout);
  if (!started.ok()) {
    std::cerr << "pgbraid: " << MessageOf(started) << "\n";
    // Threads hold references to what main() owns.
    std::_Exit(2);
  }
  std::cerr << "pgbraid: listening on port " << router.port() << "\n";
  int received = 0;
  sigwait(&signals, &received);
  std::cerr << "pgbraid: stopping\n";
  router.Stop();
  std::_Exit(0);
}

}  // namespace
}  // namespace pgbraid::router

int main(int argc, char** argv) { return pgbraid::router::Main(argc, argv); }
