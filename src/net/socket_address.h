#pragma once
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/options.h"

namespace hermod::net {

/// An IP address and a port in 24 bytes; IPv4 is held as IPv4-mapped IPv6 but shown as IPv4.
class SocketAddress {
 public:
  /// 0.0.0.0:0.
  SocketAddress();
  /// `host` as in ListenAddress, without "*". Errors: Invalid, naming the text and what is accepted.
  static Result<SocketAddress> parse(std::string_view host, std::uint16_t port);
  /// Anything but AF_INET and AF_INET6 becomes 0.0.0.0:0.
  static SocketAddress from(const sockaddr_storage& raw);

  /// Fills `raw`; returns its length for bind() and connect().
  socklen_t fill(sockaddr_storage& raw) const;
  bool is_ipv4() const { return ipv4_; }
  std::uint16_t port() const { return port_; }
  void set_port(std::uint16_t port) { port_ = port; }
  /// Numeric, without port: 192.0.2.1, 2001:db8::1. An IPv4-mapped address is shown as IPv4.
  std::string host() const;
  /// 192.0.2.1:1883, [2001:db8::1]:1883.
  std::string to_string() const;
  /// A number for the network the address is in: all of an IPv4 address, the first 64 bits of an IPv6 one.
  std::uint64_t network() const;
  /// An IPv4 address, also as an IPv4-mapped one, is in ranges of IPv4 only.
  bool is_in(const AddressRange& range) const;

  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint32_t scope_ = 0;
  std::uint16_t port_ = 0;
  bool ipv4_ = true;
};

/// "127.0.0.1:1883", "[::1]:1883", "*:1883", ":1883" (as "*:1883"). Errors: Invalid, saying what is wrong.
Result<ListenAddress> parse_listen_address(std::string_view text);
/// The reverse of parse_listen_address().
std::string to_string(const ListenAddress& address);

}  // namespace hermod::net
