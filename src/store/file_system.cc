#include "store/file_system.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hermod::store {

Errc errc_of(int code) {
  // A file system that became read-only is a disk without room: whoever runs the system has to see to it.
  const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG || code == EROFS;
  return full ? Errc::NoSpace : Errc::Io;
}

Status sync_folder(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return failure(errc_of(errno), path + ": " + std::strerror(errno));
  const int code = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (code != 0) return failure(errc_of(code), path + ": " + std::strerror(code));
  return {};
}

std::uint64_t free_bytes(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return 0;
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace hermod::store
