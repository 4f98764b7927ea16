#pragma once
#include <signal.h>

#include "client/descriptor.h"

namespace hermod::client {

/// SIGINT and SIGTERM as a descriptor that becomes readable, so that a command can say goodbye to the broker.
/// Lives as long as the command; afterwards the signals do again what they did before.
class StopSignal {
 public:
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();

  int descriptor() const { return signals_.number(); }

 private:
  sigset_t before_{};
  Descriptor signals_;
};

}  // namespace hermod::client
