#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>

namespace hermod::support {

/// 127.0.0.1 and this port, for bind() and connect().
inline sockaddr_in loopback_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace hermod::support
