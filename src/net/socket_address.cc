#include "net/socket_address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace hermod::net {

namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

tl::unexpected<Error> not_an_address(std::string_view host) {
  return failure(Errc::Invalid, "not an IP address: '" + std::string(host) +
                                    "'; use a numeric address such as 127.0.0.1 or ::1, or localhost");
}

}  // namespace

SocketAddress::SocketAddress() {
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin());
}

Result<SocketAddress> SocketAddress::parse(std::string_view host, std::uint16_t port) {
  SocketAddress address;
  address.port_ = port;
  const std::string text(host == "localhost" ? "127.0.0.1" : host);
  if (::inet_pton(AF_INET, text.c_str(), &address.bytes_[kMappedPrefix.size()]) == 1) return address;
  const std::size_t percent = text.find('%');
  if (::inet_pton(AF_INET6, text.substr(0, percent).c_str(), address.bytes_.data()) != 1)
    return not_an_address(host);
  address.ipv4_ = false;
  if (percent != std::string::npos) {
    const std::string scope = text.substr(percent + 1);
    address.scope_ = ::if_nametoindex(scope.c_str());
    if (address.scope_ == 0)
      return failure(Errc::Invalid, "no network interface '" + scope + "' in '" + text + "'");
  }
  return address;
}

SocketAddress SocketAddress::from(const sockaddr_storage& raw) {
  SocketAddress address;
  if (raw.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &raw, sizeof in);
    std::memcpy(&address.bytes_[kMappedPrefix.size()], &in.sin_addr, sizeof in.sin_addr);
    address.port_ = ntohs(in.sin_port);
  } else if (raw.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &raw, sizeof in);
    std::memcpy(address.bytes_.data(), &in.sin6_addr, sizeof in.sin6_addr);
    address.port_ = ntohs(in.sin6_port);
    address.scope_ = in.sin6_scope_id;
    address.ipv4_ = false;
  }
  return address;
}

socklen_t SocketAddress::fill(sockaddr_storage& raw) const {
  raw = {};
  if (ipv4_) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port_);
    std::memcpy(&in.sin_addr, &bytes_[kMappedPrefix.size()], sizeof in.sin_addr);
    std::memcpy(&raw, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port_);
  in.sin6_scope_id = scope_;
  std::memcpy(&in.sin6_addr, bytes_.data(), sizeof in.sin6_addr);
  std::memcpy(&raw, &in, sizeof in);
  return sizeof in;
}

std::uint64_t SocketAddress::network() const {
  const bool ipv4 = ipv4_ || std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin());
  std::uint64_t out = 0;
  for (std::size_t i = ipv4 ? 8 : 0; i < (ipv4 ? 16 : 8); ++i) out = out << 8 | bytes_[i];
  return out;
}

bool SocketAddress::is_in(const AddressRange& range) const {
  constexpr unsigned kMappedBits = 96;
  const bool is_mapped = std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin());
  if (is_mapped && range.bits < kMappedBits) return false;
  for (unsigned bit = 0; bit < range.bits; bit += 8) {
    const unsigned left = range.bits - bit;
    const auto mask = static_cast<std::uint8_t>(left >= 8 ? 0xFFU : 0xFFU << (8 - left));
    if (((bytes_[bit / 8] ^ range.first[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

std::string SocketAddress::host() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (ipv4_ || std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin())) {
    ::inet_ntop(AF_INET, &bytes_[kMappedPrefix.size()], text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
  }
  return text;
}

std::string SocketAddress::to_string() const {
  return net::to_string(ListenAddress{.host = host(), .port = port_});
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return failure(Errc::Invalid, "no port in '" + std::string(text) + "'; write it as address:port");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);

  ListenAddress address;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (error != std::errc() || end != digits.data() + digits.size())
    return failure(Errc::Invalid, "not a port from 0 to 65535: '" + std::string(digits) + "' in '" +
                                      std::string(text) + "'");
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return failure(Errc::Invalid,
                   "IPv6 address without brackets: '" + std::string(text) + "'; write it as [address]:port");
  }
  address.host = host.empty() ? "*" : host;
  if (address.host != "*") {
    auto checked = SocketAddress::parse(address.host, address.port);
    if (!checked) return tl::unexpected(std::move(checked.error()));
  }
  return address;
}

std::string to_string(const ListenAddress& address) {
  const bool bracketed = address.host.find(':') != std::string::npos;
  return (bracketed ? "[" + address.host + "]:" : address.host + ":") + std::to_string(address.port);
}

}  // namespace hermod::net
