#pragma once
#include "base/clock.h"

namespace hermod::client {

/// The clients wait in real time: there is one thread and no seam to hold time still.
inline MonotonicTime now() {
  return std::chrono::steady_clock::now();
}

}  // namespace hermod::client
