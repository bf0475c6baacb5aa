// A folder for a test's Unix sockets, removed with all that is in it.
#ifndef PGBRAID_NET_SOCKET_FOLDER_H_
#define PGBRAID_NET_SOCKET_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/check.h"

namespace pgbraid::net {

class SocketFolder {
 public:
  SocketFolder() {
    // A Unix socket's path has 107 bytes at most, and Bazel's own folder for
    // tests is deep.
    std::string path = "/tmp/pgbraid-net-XXXXXX";
    PGB_CHECK(mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~SocketFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace pgbraid::net

#endif  // PGBRAID_NET_SOCKET_FOLDER_H_
