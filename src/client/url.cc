#include "client/url.h"

#include <charconv>

namespace hermod::client {
namespace {

constexpr std::string_view kScheme = "mqtt://";
constexpr std::string_view kTlsScheme = "mqtts://";
constexpr std::uint16_t kSecurePort = 8883;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool has_two = text[i] == '%' && i + 2 < text.size();
    const int high = has_two ? hex_digit(text[i + 1]) : -1;
    const int low = has_two ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

tl::unexpected<Failure> wrong_url(const std::string& what) {
  return fail(ExitCode::Usage, "-L: " + what + "; write mqtt://[username[:password]@]host[:port]/topic");
}

}  // namespace

Outcome<Url> parse_url(const std::string& text) {
  Url url;
  url.is_tls = text.starts_with(kTlsScheme);
  if (!url.is_tls && !text.starts_with(kScheme))
    return wrong_url("the address does not begin with mqtt:// or mqtts://");
  if (url.is_tls) url.port = kSecurePort;
  std::string rest = text.substr(url.is_tls ? kTlsScheme.size() : kScheme.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string::npos || slash + 1 == rest.size()) return wrong_url("the topic is missing");
  url.topic = rest.substr(slash + 1);
  rest.resize(slash);
  if (const std::size_t at = rest.rfind('@'); at != std::string::npos) {
    const std::string who = rest.substr(0, at);
    const std::size_t colon = who.find(':');
    url.username = unescaped(who.substr(0, colon));
    if (colon != std::string::npos) url.password = unescaped(who.substr(colon + 1));
    rest.erase(0, at + 1);
  }
  std::size_t colon = rest.rfind(':');
  if (rest.starts_with('[')) {
    const std::size_t bracket = rest.find(']');
    if (bracket == std::string::npos) return wrong_url("the bracket of the IPv6 address is not closed");
    url.host = rest.substr(1, bracket - 1);
    colon = bracket + 1 < rest.size() ? bracket + 1 : std::string::npos;
    if (colon != std::string::npos && rest[colon] != ':')
      return wrong_url("behind the bracket of the IPv6 address is neither a colon nor the topic");
  } else {
    url.host = rest.substr(0, colon);
  }
  if (url.host.empty()) return wrong_url("the host is missing");
  if (colon == std::string::npos) return url;
  const char* const end = rest.data() + rest.size();
  const auto [stop, error] = std::from_chars(rest.data() + colon + 1, end, url.port);
  if (error != std::errc{} || stop != end || url.port == 0)
    return wrong_url("the port is not a number from 1 to 65535");
  return url;
}

}  // namespace hermod::client
