#include "session_cleanup.h"

#include <sys/time.h>
#include <unistd.h>

#include "packet.h"

namespace hermod::bench {
namespace {

void end_session(const Address& address, const ConnectSpec& spec) {
  const int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const timeval patience{5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) {
    std::string packet;
    put_connect(packet, spec);
    char answer[256];
    if (send(fd, packet.data(), packet.size(), MSG_NOSIGNAL) > 0 && recv(fd, answer, sizeof answer, 0) > 0) {
      packet.clear();
      put_disconnect(packet, spec.version);
      static_cast<void>(!send(fd, packet.data(), packet.size(), MSG_NOSIGNAL));
    }
  }
  ::close(fd);
}

}  // namespace

void end_sessions(const Address& address, const Scenario& scenario,
                  const std::vector<std::string>& client_ids) {
  for (const std::string& client_id : client_ids) {
    ConnectSpec spec;
    spec.client_id = client_id;
    spec.username = scenario.username;
    spec.password = scenario.password;
    spec.version = scenario.version;
    end_session(address, spec);
  }
}

}  // namespace hermod::bench
