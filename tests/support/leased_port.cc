#include "tests/support/leased_port.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <random>
#include <string>

#include "tests/support/loopback.h"
#include "tests/support/packet_bytes.h"

namespace hermod::support {
namespace {

bool nobody_listens(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback_address(port);
  const bool bound =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd, 1) == 0;
  ::close(fd);
  return bound;
}

/// A socket that holds the port's name, or -1 when another test does. tests/docs/readme_test.py takes the
/// same name.
int lease(std::uint16_t port) {
  const std::string name = "hermod-test-port-" + std::to_string(port);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());  // a zero in front: the abstract namespace
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

}  // namespace

LeasedPort::LeasedPort() {
  std::random_device entropy;
  std::uniform_int_distribution<int> range(12000, 31999);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    number_ = static_cast<std::uint16_t>(range(entropy));
    lease_ = lease(number_);
    if (lease_ < 0) continue;
    if (nobody_listens(number_)) return;
    ::close(lease_);
  }
  throw Unexpected("no free port");
}

LeasedPort::~LeasedPort() {
  ::close(lease_);
}

}  // namespace hermod::support
