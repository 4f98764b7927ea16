#pragma once
#include <cstdint>

#include "base/result.h"

namespace hermod::bench {

/// What the kernel says about a process at one moment.
struct ProcessSample {
  std::uint64_t cpu_ns = 0;  ///< all threads that exist now, since each began
  std::uint64_t rss_bytes = 0;
  std::uint64_t peak_rss_bytes = 0;  ///< since the process began
  std::uint64_t voluntary_switches = 0;
  std::uint64_t forced_switches = 0;
};

/// Invalid when there is no such process or it may not be read.
Result<ProcessSample> sample_process(int pid);
/// Proportional set size; walks all mappings, so not for use in a loop. 0 when it cannot be read.
std::uint64_t pss_bytes(int pid);
std::uint64_t rss_bytes(int pid);
/// CPU of this process, nanoseconds.
std::uint64_t own_cpu_ns();

}  // namespace hermod::bench
