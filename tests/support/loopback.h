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

/// ::1 and this port.
inline sockaddr_in6 loopback_address_of_ipv6(std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_loopback;
  return address;
}

}  // namespace hermod::support
