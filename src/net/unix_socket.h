#pragma once
#include <sys/stat.h>

#include <string>

#include "base/result.h"
#include "net/fd.h"
#include "net/options.h"

namespace hermod::net {

/// The file of a Unix socket that this process made; removed when it is destroyed, unless another stands in
/// its place by then. Owned by the broker.
class SocketFile {
 public:
  SocketFile() = default;
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&& other) noexcept;
  ~SocketFile();

  /// Takes over the file that stands there now.
  static SocketFile made(const std::string& path);

 private:
  std::string path_;  ///< empty: none
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

struct UnixSocket {
  Fd socket;
  SocketFile file;
};

/// A socket that listens at `path`. What a process left there that has ended is replaced. Errors: Busy when
/// somebody listens there; Invalid for a file that is no socket, a path that is too long, an unknown owner;
/// Io.
Result<UnixSocket> open_unix_socket(const std::string& path, const SocketFileOptions& file, int backlog);

}  // namespace hermod::net
