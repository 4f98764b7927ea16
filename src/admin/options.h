#pragma once
#include <chrono>

namespace hermod::admin {

/// What the operator can set about the numbers the broker publishes.
struct Options {
  std::chrono::seconds sys_interval{10};  ///< between updates of $SYS; 0 = off
};

}  // namespace hermod::admin
