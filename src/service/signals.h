#pragma once
#include <chrono>

#include "net/fd.h"

namespace hermod::service {

/// SIGTERM, SIGINT and SIGHUP, which come here instead of interrupting a thread. Owns the descriptor they are
/// read from; main thread. To be made before any other thread, because threads inherit what is blocked.
class Signals {
 public:
  Signals();

  /// The next of them; 0: `patience` is over, or `work` (a descriptor, or -1) is readable.
  int wait(int work, std::chrono::milliseconds patience) const;

 private:
  net::Fd waiting_;
};

}  // namespace hermod::service
