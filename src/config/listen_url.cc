#include "config/listen_url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/units.h"

namespace hermod::config {
namespace {

constexpr std::string_view kExpected =
    "an address such as mqtt://127.0.0.1:1883 or mqtt://[::1]:1883 is expected";
constexpr std::string_view kUsualPath = "/mqtt";
constexpr std::size_t kLongestPath = 107;  // of a Unix socket, in bytes

struct Scheme {
  std::string_view name;
  std::uint16_t port;
  bool is_tls;
  bool is_websocket;
};
constexpr std::array<Scheme, 4> kSchemes{{
    {"mqtt", 1883, false, false},
    {"mqtts", 8883, true, false},  // "secure-mqtt" at IANA
    {"ws", 8083, false, true},
    {"wss", 8084, true, true},
}};

Result<ListenUrl> invalid(std::string detail) {
  return failure(Errc::Invalid, std::move(detail));
}

/// What a path of a url may have (RFC 3986, 3.3), but no escapes: they would have two forms.
bool is_path(std::string_view path) {
  return path.starts_with('/') && std::ranges::all_of(path, [](char c) {
           return c > 0x20 && c < 0x7F &&
                  std::string_view("?#%\"<>\\^`{|}").find(c) == std::string_view::npos;
         });
}

bool is_numeric(const std::string& host) {
  std::array<unsigned char, 16> raw{};
  if (inet_pton(AF_INET, host.c_str(), raw.data()) == 1) return true;
  // A scope names the interface of a link-local address: fe80::1%eth0.
  return inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), raw.data()) == 1;
}

Result<ListenUrl> parse_path(std::string_view path) {
  if (!path.starts_with('/') || path.ends_with('/'))
    return invalid("a Unix socket has an absolute path, as in unix:///run/hermod/hermod.sock");
  if (path.size() > kLongestPath)
    return invalid("the path of a Unix socket has at most " + std::to_string(kLongestPath) + " bytes");
  return ListenUrl{.address = {.host = "", .port = 0, .path = std::string(path)}};
}

}  // namespace

Result<ListenUrl> parse_listen_url(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return invalid(std::string(kExpected));
  const std::string_view scheme = url.substr(0, scheme_end);
  if (scheme == "unix") return parse_path(url.substr(scheme_end + 3));
  const auto known = std::ranges::find(kSchemes, scheme, &Scheme::name);
  if (known == kSchemes.end()) return invalid(std::string(kExpected));

  std::string_view rest = url.substr(scheme_end + 3);
  ListenUrl out{.is_tls = known->is_tls, .is_websocket = known->is_websocket};
  if (out.is_websocket) {
    const std::size_t slash = rest.find('/');
    out.path = slash == std::string_view::npos ? kUsualPath : rest.substr(slash);
    rest = rest.substr(0, slash);
    if (!is_path(out.path)) return invalid("the path must be one such as /mqtt");
  } else if (rest.ends_with('/')) {
    rest.remove_suffix(1);
  }
  net::ListenAddress& address = out.address;
  address.port = known->port;
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return invalid("the bracket of the IPv6 address is not closed");
    address.host = rest.substr(1, close - 1);
    port = rest.substr(close + 1);
  } else {
    const std::size_t colon = rest.find(':');
    address.host = rest.substr(0, colon);
    port = colon == std::string_view::npos ? "" : rest.substr(colon);
    if (port.find(':', 1) != std::string_view::npos)
      return invalid("an IPv6 address stands in brackets: mqtt://[::1]:1883");
  }
  if (address.host != "localhost" && address.host != "*" && !is_numeric(address.host)) {
    return invalid("the host must be an IP address, localhost, or * for every address");
  }
  if (port.empty()) return out;
  const Result<std::int64_t> number = parse_integer(port.substr(1));
  if (!port.starts_with(':') || !number || *number < 0 || *number > 65535) {
    return invalid("the port must be a number from 0 to 65535");
  }
  address.port = static_cast<std::uint16_t>(*number);
  return out;
}

std::string listen_url(const ListenUrl& url) {
  if (url.address.is_unix()) return "unix://" + url.address.path;
  const std::string& host = url.address.host;
  const bool brackets = host.find(':') != std::string::npos;
  std::string out = url.is_websocket ? "ws" : "mqtt";
  out += url.is_tls ? "s://" : "://";
  return out + (brackets ? "[" + host + "]" : host) + ":" + std::to_string(url.address.port) + url.path;
}

bool is_loopback(const net::ListenAddress& address) {
  if (address.host == "localhost" || address.is_unix()) return true;
  in_addr four{};
  if (inet_pton(AF_INET, address.host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  in6_addr six{};
  if (inet_pton(AF_INET6, address.host.c_str(), &six) != 1) return false;
  const auto* bytes = static_cast<const std::uint8_t*>(six.s6_addr);
  return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && bytes[12] == 127);
}

}  // namespace hermod::config
