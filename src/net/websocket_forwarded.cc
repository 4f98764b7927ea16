#include "net/websocket_forwarded.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "net/socket_address.h"

namespace hermod::net {
namespace {

constexpr std::string_view kAround = " \t\"";

/// Digits only: the name of an interface behind an address would be looked up.
std::optional<SocketAddress> numeric_address(std::string_view text) {
  if (text.find_first_not_of("0123456789abcdefABCDEF.:") != std::string_view::npos) return std::nullopt;
  auto address = SocketAddress::parse(text, 0);
  if (!address) return std::nullopt;
  return *address;
}

/// As proxies write it: "192.0.2.7", "192.0.2.7:1234", "[2001:db8::7]:1234".
std::optional<SocketAddress> forwarded_address(std::string_view entry) {
  if (entry.starts_with('[')) return numeric_address(entry.substr(1, entry.find(']') - 1));
  const std::size_t colon = entry.find(':');
  const bool one_colon =
      colon != std::string_view::npos && entry.find(':', colon + 1) == std::string_view::npos;
  return numeric_address(one_colon ? entry.substr(0, colon) : entry);
}

bool has_address(const std::vector<AddressRange>& ranges, const SocketAddress& address) {
  return std::ranges::any_of(ranges, [&](const AddressRange& range) { return address.is_in(range); });
}

}  // namespace

bool is_in_any(const std::vector<AddressRange>& proxies, std::string_view address) {
  if (proxies.empty()) return false;
  const auto parsed = numeric_address(address);
  return parsed && has_address(proxies, *parsed);
}

std::string client_behind(const std::vector<AddressRange>& proxies, std::string_view peer,
                          std::string_view forwarded) {
  auto nearest = numeric_address(peer);
  std::optional<SocketAddress> client;
  // Each proxy has written who stood before it; whatever stands left of one that is not ours may be invented.
  while (nearest && has_address(proxies, *nearest) && !forwarded.empty()) {
    const std::size_t comma = forwarded.rfind(',');
    const std::string_view entry =
        trimmed(comma == std::string_view::npos ? forwarded : forwarded.substr(comma + 1), kAround);
    forwarded = comma == std::string_view::npos ? std::string_view{} : forwarded.substr(0, comma);
    nearest = forwarded_address(entry);
    if (nearest) client = nearest;
  }
  return client ? client->host() : "";
}

}  // namespace hermod::net
