#pragma once
#include "base/clock.h"

namespace hermod::queue {

/// One instant on both clocks, as the caller read them. What is stored uses the wall; what runs only while
/// the broker runs uses the steady one, so that setting the clock neither hurries nor holds it.
struct Moment {
  MonotonicTime steady{};
  WallTime wall{};
};

}  // namespace hermod::queue
