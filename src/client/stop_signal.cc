#include "client/stop_signal.h"

#include <sys/signalfd.h>

namespace hermod::client {

StopSignal::StopSignal() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, &before_);
  signals_ = Descriptor(signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK));
}

StopSignal::~StopSignal() {
  // A signal that has done its work here must not end the process when it is let through again.
  signalfd_siginfo taken{};
  while (read(signals_.number(), &taken, sizeof taken) > 0) {
  }
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace hermod::client
