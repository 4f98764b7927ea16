#include "service/signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>

namespace hermod::service {

namespace {

int open_blocked() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

}  // namespace

Signals::Signals() : waiting_(open_blocked()) {}

int Signals::wait(int work, std::chrono::milliseconds patience) const {
  std::array<pollfd, 2> waits{{{waiting_.get(), POLLIN, 0}, {work, POLLIN, 0}}};
  poll(waits.data(), waits.size(), static_cast<int>(patience.count()));
  signalfd_siginfo info{};
  return read(waiting_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace hermod::service
