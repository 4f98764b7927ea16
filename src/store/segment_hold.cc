#include "store/segment_hold.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace hermod::store {
namespace {

int open_folder(const std::string& folder) {
  return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

}  // namespace

SegmentHold::SegmentHold(const std::string& folder) : descriptor_(open_folder(folder)) {
  while (descriptor_ >= 0 && ::flock(descriptor_, LOCK_SH) != 0 && errno == EINTR) {
  }
}

SegmentHold::~SegmentHold() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool SegmentHold::is_held(const std::string& folder) {
  const int descriptor = open_folder(folder);
  if (descriptor < 0) return false;
  const bool held = ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return held;
}

}  // namespace hermod::store
