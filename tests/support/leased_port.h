#pragma once
#include <cstdint>

namespace hermod::support {

/// A TCP port of 127.0.0.1 for one test: nobody listened on it when it was chosen, and no other test chooses
/// it while this lives, also between two runs of a broker. Outside the range the system gives to outgoing
/// connections. Owns a socket with the port's name in the system's abstract namespace, which ends with the
/// process.
class LeasedPort {
 public:
  /// Throws Unexpected when none is free.
  LeasedPort();
  ~LeasedPort();
  LeasedPort(const LeasedPort&) = delete;
  LeasedPort& operator=(const LeasedPort&) = delete;

  std::uint16_t number() const { return number_; }

 private:
  int lease_ = -1;
  std::uint16_t number_ = 0;
};

}  // namespace hermod::support
