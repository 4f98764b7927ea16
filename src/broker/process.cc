#include "broker/process.h"

#include <malloc.h>
#include <sys/resource.h>

#include "base/log.h"

namespace hermod::broker {
namespace {

/// Output buffers come and go every tick; below this much free memory at the top of a heap nothing is
/// returned.
constexpr int kKeptBytes = 4 << 20;

}  // namespace

void prepare_process() {
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  mallopt(M_TOP_PAD, kKeptBytes / 16);

  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) log::event(log::Level::Warning, "limit.descriptors_not_raised");
}

}  // namespace hermod::broker
