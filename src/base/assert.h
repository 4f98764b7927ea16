#pragma once
#include <cstdio>
#include <cstdlib>

namespace hermod {

[[noreturn]] inline void assertion_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "hermod: assertion failed: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace hermod

/// Always on, in release too: a broken invariant ends the process, and recovery runs.
#define HERMOD_ASSERT(condition) \
  (static_cast<bool>(condition) ? void(0) : ::hermod::assertion_failed(#condition, __FILE__, __LINE__))
