// A PostgreSQL server that hangs, for tests: it listens on 127.0.0.1, lets
// clients in (or not even that), and then never says another word, as one under
// SIGSTOP does. One thread of its own; ends with the object.
#ifndef PGBRAID_POOL_SILENT_SERVER_H_
#define PGBRAID_POOL_SILENT_SERVER_H_

#include <cstdint>
#include <thread>

namespace pgbraid::pool {

class SilentServer {
 public:
  enum class Mode {
    kSilent,        // never answers anything
    kTakesQueries,  // lets anybody in, then does not answer their queries
  };

  explicit SilentServer(Mode mode);
  ~SilentServer();
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  uint16_t port() const { return port_; }

 private:
  void Run();

  const Mode mode_;
  int listener_ = -1;
  int stop_ = -1;  // an eventfd
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace pgbraid::pool

#endif  // PGBRAID_POOL_SILENT_SERVER_H_
